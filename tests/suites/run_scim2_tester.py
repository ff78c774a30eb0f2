"""Runs the checks of scim2-tester (PyPI, Apache-2.0) against BASE_URL with TOKEN and counts them; started by scripts/conformance."""
import collections, os, sys
import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

http = httpx2.Client(base_url=os.environ["BASE_URL"] + "/", headers={"Authorization": "Bearer " + os.environ["TOKEN"]}, timeout=30)
n = collections.Counter()
for r in check_server(SyncSCIMClient(http)):
    n[r.status.name] += 1
    if r.status in (Status.DEVIATION, Status.ERROR, Status.CRITICAL):
        print("%s %s: %s" % (r.status.name, r.title, str(r.reason)[:400]))
    elif r.status in (Status.ACCEPTABLE,):
        print("note %s %s: %s" % (r.status.name, r.title, str(r.reason)[:300]))
bad = n["DEVIATION"] + n["ERROR"] + n["CRITICAL"]
good = n["SUCCESS"] + n["COMPLIANT"] + n["ACCEPTABLE"]
print(", ".join("%s %d" % x for x in sorted(n.items())))
print("%d passed, %d failed" % (good, bad) + (", %d skipped" % n["SKIPPED"] if n["SKIPPED"] else ""))
sys.exit(1 if bad or not good else 0)
