#!/usr/bin/env python3
"""Benchmark of a SCIM 2.0 service provider. Python 3.11, standard library only; the load itself
comes from the Rust crate in loadgen/ (see README.md).

  bench.py run     --base-url URL --token T [--start-cmd CMD | --pid P] [--db-pid P]   one server
  bench.py compare --a NAME,URL,TOKEN[,PID] --b NAME,URL,TOKEN[,PID]                  two, alternating
  bench.py limits  [--pg-host H --pg-port P --pg-user U --pg-bin DIR]                 what the box can do
  bench.py report  FILE.json...                                                       markdown table
"""
import argparse, json, os, re, resource, shlex, signal, sqlite3, statistics, subprocess, sys
import tempfile, threading, time, urllib.error, urllib.request
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
CLK = os.sysconf("SC_CLK_TCK")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def log(*a):
    print(time.strftime("%H:%M:%S"), *a, file=sys.stderr, flush=True)


def loadgen_bin(name="loadgen"):
    """Build the Rust helper if its source is newer; never inside the repository."""
    target = os.environ.get("CARGO_TARGET_DIR") or os.path.join(tempfile.gettempdir(), "scim-bench-target")
    exe = Path(target) / "release" / name
    src = HERE / name
    newest = max(p.stat().st_mtime for p in [src / "Cargo.toml", *src.glob("src/*.rs")])
    if not exe.exists() or exe.stat().st_mtime < newest:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--manifest-path", str(src / "Cargo.toml")],
                       check=True, env={**os.environ, "CARGO_TARGET_DIR": target})
    return str(exe)


# ---------------------------------------------------------------- process accounting
def proc_table():
    t = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                s = open(f"/proc/{d}/stat").read()
            except OSError:
                continue
            f = s[s.rindex(")") + 2:].split()
            t[int(d)] = (int(f[1]), sum(map(int, f[11:15])) / CLK)  # ppid, user+sys incl. reaped children
    return t


def tree(root, table):
    if root not in table:
        return []
    kids = {}
    for p, (pp, _) in table.items():
        kids.setdefault(pp, []).append(p)
    out, todo = [], [root]
    while todo:
        p = todo.pop()
        out.append(p)
        todo += kids.get(p, [])
    return out


def cpu_s(root):
    if not root:
        return None
    t = proc_table()
    return sum(t[p][1] for p in tree(root, t))


def pss_mb(root, kinds=("Pss:",)):
    """Proportional set size of the process tree: shared pages (PostgreSQL buffers) count once."""
    if not root:
        return None
    kb = 0
    for p in tree(root, proc_table()):
        try:
            for line in open(f"/proc/{p}/smaps_rollup"):
                if line.startswith(tuple(kinds)):
                    kb += int(line.split()[1])
        except OSError:
            pass
    return round(kb / 1024, 1)


def own_mb(root):
    """That part of it that is no page of a file: the kernel cannot take it back when memory runs short."""
    return pss_mb(root, ("Pss_Anon:", "Pss_Shmem:"))


def busy_s():
    f = list(map(int, open("/proc/stat").readline().split()[1:9]))
    return (sum(f) - f[3] - f[4]) / CLK


# ---------------------------------------------------------------- target
class Target:
    def __init__(self, name, base, token, pid=None, db_pid=None, cores="", lg_cores=""):
        self.name, self.base, self.token = name, base.rstrip("/"), token
        self.pid, self.db_pid, self.cores, self.lg_cores = pid, db_pid, cores, lg_cores
        self.tag = "r%x" % (int(time.time()) & 0xFFFFFF)
        self.next_n = 0
        self.users = []
        self.tmp = Path(tempfile.mkdtemp(prefix="scimbench-"))
        self.exe = loadgen_bin()
        self.rows = []
        self.spc = {}
        self.legacy = False

    def http(self, method, path, body=None, timeout=60):
        req = urllib.request.Request(self.base + path, method=method,
                                     data=None if body is None else json.dumps(body).encode())
        req.add_header("Authorization", "Bearer " + self.token)
        req.add_header("Accept", "application/scim+json")
        if body is not None:
            req.add_header("Content-Type", "application/scim+json")
        try:
            with urllib.request.urlopen(req, timeout=timeout) as r:
                raw = r.read()
                return r.status, (json.loads(raw) if raw else {})
        except urllib.error.HTTPError as e:
            raw = e.read()
            try:
                return e.code, json.loads(raw)
            except ValueError:
                return e.code, {"raw": raw[:300].decode("latin1")}

    def gen(self, spec):
        spec = {"base": self.base, "headers": {"authorization": "Bearer " + self.token}, **spec}
        cmd = [self.exe]
        if self.lg_cores:
            cmd = ["taskset", "-c", self.lg_cores] + cmd
        r = subprocess.run(cmd, input=json.dumps(spec), capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError(r.stderr[-500:])
        return json.loads(r.stdout)

    def measure(self, name, spec, **info):
        """Run one stage and add CPU use per request of server, database, load generator, others."""
        time.sleep(0.2)
        s0, d0, b0 = cpu_s(self.pid), cpu_s(self.db_pid), busy_s()
        l0 = resource.getrusage(resource.RUSAGE_CHILDREN)
        t0 = time.time()
        r = self.gen(spec)
        wall = time.time() - t0
        s1, d1, b1 = cpu_s(self.pid), cpu_s(self.db_pid), busy_s()
        l1 = resource.getrusage(resource.RUSAGE_CHILDREN)
        lg = l1.ru_utime + l1.ru_stime - l0.ru_utime - l0.ru_stime
        n = max(1, r.get("requests", r.get("items", 1)))
        r["cpu"] = {"loadgen_ms_per_req": round(1000 * lg / n, 4)}
        own = lg
        for k, x0, x1 in (("server", s0, s1), ("db", d0, d1)):
            if x0 is not None:
                r["cpu"][k + "_ms_per_req"] = round(1000 * (x1 - x0) / n, 4)
                own += x1 - x0
        if s0 is not None:
            r["cpu"]["other_cores"] = round(max(0.0, b1 - b0 - own) / max(wall, 0.01), 3)
        row = {"workload": name, **info, **r}
        self.rows.append(row)
        log(self.name, brief(row))
        return row


def brief(r):
    if "items" in r:
        return f"{r['workload']}: {r['items_per_s']:.0f} items/s ({r['items']} of {r['total']}, distinct {r['distinct']}) " \
               f"page first {r['first_pages_us']/1000:.1f} ms last {r['last_pages_us']/1000:.1f} ms {r['error'] or ''}"
    la = (r["steps"][-1]["latency"] or {}) if r.get("steps") else {}
    err = next((s["sample_error"] for s in r["steps"] if s["sample_error"]), "")
    return f"{r['workload']} size={r.get('size')} c={r.get('c')}: {r['rps']:.0f}/s p50 {la.get('p50_us',0)/1000:.2f} " \
           f"p99 {la.get('p99_us',0)/1000:.2f} ms err {r['errors']} cpu {r['cpu']} {(err or '')[:160]}"


# ---------------------------------------------------------------- payloads
def user_doc(tag):
    """What Entra ID sends with its default attribute mapping, all attributes filled (about 1.3 kB)."""
    u = f"{tag}.${{n8}}"
    return json.dumps({
        "schemas": [USER, ENT], "externalId": f"ext-{u}", "userName": f"{u}@bench.example.com", "active": True,
        "displayName": f"Given{u} Family${{x8}}", "title": "Senior Engineer ${x4}", "preferredLanguage": "en-US",
        "name": {"formatted": f"Given{u} Family${{x8}}", "familyName": "Family${x8}", "givenName": f"Given{u}"},
        "emails": [{"primary": True, "type": "work", "value": f"{u}@mail.example.com"},
                   {"primary": False, "type": "home", "value": f"{u}@home.example.net"}],
        "phoneNumbers": [{"type": "work", "value": "+1-555-${x4}"}, {"type": "mobile", "value": "+1-556-${x4}"}],
        "addresses": [{"type": "work", "formatted": "${x4} Hollywood Blvd, Seattle WA", "streetAddress": "${x4} Hollywood Blvd",
                       "locality": "Seattle", "region": "WA", "postalCode": "9${x4}", "country": "US", "primary": True}],
        ENT: {"employeeNumber": "${n8}", "department": "Department ${x4}", "costCenter": "${x4}", "organization": "Bench"},
    }, separators=(",", ":"))


def patch(*ops):
    return json.dumps({"schemas": [PATCH], "Operations": list(ops)}, separators=(",", ":"))


def flt(expr):
    """Percent-encode a filter but leave the ${} placeholders alone."""
    return "".join(p if p.startswith("${") else quote(p, safe="") for p in re.split(r"(\$\{\w+\})", expr))


def step(name, method, path, body=None, **kw):
    return {"name": name, "method": method, "path": path, "body": body, **kw}


def post_users(T):
    return step("POST user", "POST", "/Users", user_doc(T.tag), expect=[201], capture="id")


# ---------------------------------------------------------------- workloads
def create(T, name, c, count, dur, size):
    cap = T.tmp / "cap"
    r = T.measure(name, {"concurrency": c, "count": count, "duration_s": dur, "n_start": T.next_n, "n_len": 1 << 40,
                         "n_mode": "once", "steps": [post_users(T)], "capture_file": str(cap), "timeout_s": 30},
                  c=c, size=size)
    T.next_n += r["iterations"]
    T.users += [tuple(l.split("\t")) for l in cap.read_text().splitlines()]
    write_ids(T)
    return r


def write_ids(T):
    (T.tmp / "u.ids").write_text("\n".join(i for _, i in T.users) + "\n")


def over_users(T, name, steps, c, dur, **kw):
    """Random users of those that exist: n is the creation number, ${u} the id."""
    lo, hi = int(T.users[0][0]), int(T.users[-1][0])
    kw.setdefault("timeout_s", 15)
    return T.measure(name, {"concurrency": c, "duration_s": dur, "n_start": lo, "n_len": hi - lo + 1, "n_mode": "rand",
                            "seed": len(T.rows) + 1, "ids": {"u": str(T.tmp / "u.ids")}, "steps": steps, **kw},
                     c=c, size=len(T.users))


def w2(T, o, cs):
    for c in cs:
        over_users(T, "W2 GET user by id", [step("GET", "GET", "/Users/${u}", expect=[200])], c, o.stage_s)


def w3(T, o, cs):
    f = flt(f'userName eq "{T.tag}.${{n8}}@bench.example.com"')
    miss = flt(f'userName eq "{T.tag}.nobody${{n8}}@bench.example.com"')
    for c in cs:
        over_users(T, "W3 userName eq (hit)", [step("f", "GET", f"/Users?filter={f}", total=1)], c, o.stage_s)
    over_users(T, "W3 userName eq (miss)", [step("f", "GET", f"/Users?filter={miss}", total=0)], cs[-1], o.stage_s)


def w4(T, o, c):
    t = T.tag
    one = [
        ("W4 externalId eq", f'externalId eq "ext-{t}.${{n8}}"', 1),
        ("W4 emails.value eq", f'emails.value eq "{t}.${{n8}}@mail.example.com"', 1),
        ("W4 emails[type and value]", f'emails[type eq "work" and value eq "{t}.${{n8}}@mail.example.com"]', 1),
        ("W4 emails[type].value eq", f'emails[type eq "work"].value eq "{t}.${{n8}}@mail.example.com"', 1),
        ("W4 displayName co", f'displayName co "{t}.${{n8}}"', 1),
    ]
    for name, f, total in one:
        over_users(T, name, [step("f", "GET", f"/Users?filter={flt(f)}&count=10", total=total)], c, o.stage_s)
    either = flt(f'userName eq "{t}.${{n8}}@bench.example.com" or displayName eq "{t}.${{n8}}"')
    over_users(T, "W4 root: userName eq or displayName eq", [step("f", "GET", f"/?filter={either}", total=1)], c, o.stage_s)
    over_users(T, "W4 root: page of 100 by meta.created", [step("f", "GET", "/?sortBy=meta.created&count=100", expect=[200])],
               c, o.stage_s)
    # delta import: change 50 users, then ask for what changed since
    since = time.time()
    time.sleep(1.1)
    body = patch({"op": "replace", "path": "title", "value": "Changed ${n8}"})
    over_users(T, "(50 changes)", [step("p", "PATCH", "/Users/${u}", body, expect=[200, 204])], 4, 10, count=50)
    T.rows.pop()
    iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since)) + "Z"
    f = quote(f'meta.lastModified gt "{iso}"', safe="")
    over_users(T, "W4 meta.lastModified gt, page of 100",
               [step("f", "GET", f"/Users?filter={f}&startIndex=1&count=100", expect=[200])], c, o.stage_s)
    st, b = T.http("GET", f"/Users?filter={f}&startIndex=1&count=100")
    T.rows[-1]["total_seen"] = b.get("totalResults") if isinstance(b, dict) else None


def w5(T, o, cs):
    false = "False" if T.legacy else False
    # each request changes something: what changes nothing is answered without a write
    run = f"{time.time():.0f}"
    a = patch({"op": "replace", "path": "active", "value": false}, {"op": "replace", "path": "title", "value": f"Leaver {run}.${{seq}}"})
    e = patch({"op": "replace", "path": 'emails[type eq "home"].value', "value": f"{T.tag}.{run}.${{seq}}@home.example.net"})
    for c in cs:
        over_users(T, "W5 PATCH active and title", [step("p", "PATCH", "/Users/${u}", a, expect=[200, 204])], c, o.stage_s)
    over_users(T, "W5 PATCH home e-mail", [step("p", "PATCH", "/Users/${u}", e, expect=[200, 204])], cs[-1], o.stage_s)


def members_of(T, gid):
    st, g = T.http("GET", f"/Groups/{gid}", timeout=120)
    return len(g.get("members") or []) if st == 200 else None


def w6(T, o, sizes):
    for target in sizes:
        if target > len(T.users) - 500:
            log(T.name, f"W6: {target} members skipped, only {len(T.users)} users")
            break
        dn = f"{T.tag} group of {target}"
        st, g = T.http("POST", "/Groups", {"schemas": [GROUP], "displayName": dn, "externalId": f"g-{T.tag}-{target}"})
        if st != 201:
            T.rows.append({"workload": "W6", "error": f"POST /Groups: {st} {str(g)[:200]}"})
            return
        gid, ids = g["id"], [i for _, i in T.users]
        lines = [patch({"op": "add", "path": "members", "value": [{"value": i} for i in ids[k:min(k + 1000, target)]]})
                 for k in range(0, target, 1000)]
        if lines:
            f = T.tmp / "members"
            f.write_text("\n".join(lines))
            r = T.measure(f"W6 fill group, 1000 members a PATCH", {
                "n_len": len(lines), "n_mode": "once", "duration_s": o.load_budget_s / 2, "timeout_s": 60,
                "steps": [step("p", "PATCH", f"/Groups/{gid}", None, body_lines=str(f), expect=[200, 204])]}, c=1, size=target)
            r["members_per_s"] = round(target / r["wall_s"]) if not r["errors"] else None
            if r["errors"] or r["iterations"] < len(lines):
                log(T.name, f"W6: fill of {target} stopped")
                break
        # reads first, so that the group has exactly the size it is said to have
        q = quote(f'displayName eq "{dn}"', safe="")
        member = ids[0] if target else "nobody"
        qm = quote(f'displayName eq "{dn}" and members.value eq "{member}"', safe="")
        qi = quote(f'id eq "{gid}" and members[value eq "{member}"]', safe="")
        n = 1 if target else 0
        for name, path, total in [
            ("W6 GET group excludedAttributes=members", f"/Groups/{gid}?excludedAttributes=members", None),
            ("W6 GET group with members", f"/Groups/{gid}", None),
            ("W6 Groups displayName eq, no members", f"/Groups?filter={q}&excludedAttributes=members", 1),
            ("W6 Groups displayName eq and members.value eq", f"/Groups?filter={qm}&excludedAttributes=members", n),
            ("W6 Groups id eq and members[value eq]", f"/Groups?filter={qi}&excludedAttributes=members", n),
        ]:
            T.measure(name, {"concurrency": 16, "duration_s": o.stage_s, "n_len": 1, "n_mode": "seq", "timeout_s": 30,
                             "steps": [step("g", "GET", path, expect=[200], **({} if total is None else {"total": total}))]},
                      c=16, size=target)
        extra = [i for i in ids[target:target + 400]]
        (T.tmp / "x.ids").write_text("\n".join(extra) + "\n")
        add = patch({"op": "add", "path": "members", "value": [{"value": "${x}"}]})
        rem = patch({"op": "remove", "path": 'members[value eq "${x}"]'})
        ok = [200, 204]
        for c in (1, 16):
            half = len(extra) // 2
            n0 = 0 if c == 1 else half
            r = T.measure("W6 PATCH add one member", {
                "concurrency": c, "count": half, "duration_s": o.stage_s, "n_start": n0, "n_len": half, "n_mode": "once",
                "timeout_s": 20, "ids": {"x": str(T.tmp / "x.ids")},
                "steps": [step("p", "PATCH", f"/Groups/{gid}", add, expect=ok)]}, c=c, size=target)
            if c == 1:
                first = r["iterations"] - r["errors"]
            else:
                want = target + first + r["iterations"] - r["errors"]
                r["members_expected"], r["members_found"] = want, members_of(T, gid)
        T.measure("W6 PATCH remove one member", {
            "concurrency": 1, "count": half, "duration_s": o.stage_s, "n_start": 0, "n_len": half, "n_mode": "once",
            "timeout_s": 20, "ids": {"x": str(T.tmp / "x.ids")},
            "steps": [step("p", "PATCH", f"/Groups/{gid}", rem, expect=ok)]}, c=1, size=target)


def w7(T, o):
    """Initial cycle of an identity provider: match, create, then groups and their members."""
    n = o.cycle_users
    tag2 = T.tag + "c"
    f = flt(f'userName eq "{tag2}.${{n8}}@bench.example.com"')
    cap = T.tmp / "cyc"
    r1 = T.measure("W7 initial cycle: users (filter, POST)", {
        "concurrency": 8, "n_len": n, "n_mode": "once", "duration_s": o.load_budget_s, "timeout_s": 30, "capture_file": str(cap),
        "steps": [step("filter", "GET", f"/Users?filter={f}", total=0),
                  step("POST", "POST", "/Users", user_doc(tag2), expect=[201], capture="id")]}, c=8, size=len(T.users))
    ids = [l.split("\t")[1] for l in cap.read_text().splitlines()]
    if not ids:
        return
    ng = max(1, n // 100)
    mf = T.tmp / "m7"
    mf.write_text("\n".join(patch({"op": "add", "path": "members", "value": [{"value": ids[(g * 20 + k) % len(ids)]} for k in range(20)]})
                            for g in range(ng)))
    gf = flt(f'displayName eq "{tag2} group ${{n}}"')
    gbody = json.dumps({"schemas": [GROUP], "externalId": f"{tag2}-g-${{n}}", "displayName": f"{tag2} group ${{n}}"})
    r2 = T.measure("W7 initial cycle: groups (filter, POST, PATCH 20 members)", {
        "concurrency": 8, "n_len": ng, "n_mode": "once", "duration_s": o.load_budget_s, "timeout_s": 30,
        "steps": [step("filter", "GET", f"/Groups?excludedAttributes=members&filter={gf}", total=0),
                  step("POST", "POST", "/Groups", gbody, expect=[201], capture="gid"),
                  step("PATCH", "PATCH", "/Groups/${gid}", None, body_lines=str(mf), expect=[200, 204])]}, c=8, size=len(T.users))
    p = patch({"op": "replace", "path": "title", "value": "Promoted ${n8}"})
    T.measure("W7 incremental cycle: (filter, PATCH)", {
        "concurrency": 8, "n_len": min(len(ids), max(1, n // 4)), "n_mode": "once", "duration_s": o.load_budget_s, "timeout_s": 30,
        "ids": {"c": str(write_list(T, ids))},
        "steps": [step("filter", "GET", f"/Users?filter={f}", total=1),
                  step("PATCH", "PATCH", "/Users/${c}", p, expect=[200, 204])]}, c=8, size=len(T.users))
    done = r1["steps"][1]["requests"] - r1["steps"][1]["errors"]
    T.rows.append({"workload": "W7 summary", "users": done, "groups": ng, "wall_s": round(r1["wall_s"] + r2["wall_s"], 2),
                   "users_per_s": round(done / r1["wall_s"], 1), "requests_per_s": round((r1["requests"] + r2["requests"]) / (r1["wall_s"] + r2["wall_s"]), 1)})


def write_list(T, ids):
    p = T.tmp / "c.ids"
    p.write_text("\n".join(ids) + "\n")
    return p


def w8(T, o):
    for size in (100, 1000):
        r = T.measure("W8 import by startIndex", {"mode": "page", "page_path": "/Users", "page_size": size,
                                                  "duration_s": o.load_budget_s / 3, "timeout_s": 60}, c=1, size=len(T.users), page=size)
        if r["error"] or r["pages"] and r["items"] / r["pages"] < size * 0.9:
            break  # the server caps the page: no point in asking for more
    st, b = T.http("GET", "/Users?count=2&cursor=", timeout=120)
    if st == 200 and b.get("nextCursor"):
        T.measure("W8 import by cursor", {"mode": "page", "cursor": True, "page_path": "/Users", "page_size": 100,
                                          "duration_s": o.load_budget_s / 3, "timeout_s": 60}, c=1, size=len(T.users), page=100)
    else:
        T.rows.append({"workload": "W8 import by cursor", "error": f"not offered ({st})"})


def w9(T, o):
    b = (T.spc.get("bulk") or {})
    if not b.get("supported"):
        T.rows.append({"workload": "W9 bulk", "error": "not offered"})
        return
    n = min(1000, int(b.get("maxOperations") or 1000))
    times, fine, doc = [], 0, user_doc(T.tag + "b")
    for k in range(3):
        ops = []
        for i in range(n):
            d = doc.replace("${n8}", "%08d" % (k * n + i)).replace("${x8}", "%08x" % i).replace("${x4}", "%04d" % (i % 10000))
            ops.append({"method": "POST", "path": "/Users", "bulkId": f"b{i}", "data": json.loads(d)})
        body = {"schemas": [BULK], "Operations": ops}
        t = time.time()
        try:
            st, r = T.http("POST", "/Bulk", body, timeout=120)
        except Exception as e:  # noqa: BLE001
            T.rows.append({"workload": "W9 bulk", "error": f"{type(e).__name__}: {e}"})
            return
        times.append(time.time() - t)
        if st != 200:
            T.rows.append({"workload": "W9 bulk", "error": f"{st} {str(r)[:200]}"})
            return
        fine += sum(1 for x in r.get("Operations", []) if str((x.get("status") or {}).get("code") if isinstance(x.get("status"), dict) else x.get("status")) == "201")
    row = {"workload": "W9 bulk of %d POST" % n, "wall_s": round(sum(times), 3), "ops_per_s": round(3 * n / sum(times)), "created": fine, "of": 3 * n,
           "bulk_s": round(statistics.median(times), 3), "size": len(T.users)}
    # The same by requests of their own, from one client that waits for each answer.
    single = create(T, "W9 POST by one client", 1, n, o.load_budget_s, len(T.users))
    row["times_posts"] = round(row["ops_per_s"] / single["rps"], 1)
    T.rows.append(row)
    log(T.name, row)


def w11(T, o):
    """Groups in groups: ten levels, with the users in the lowest."""
    members = [i for _, i in T.users[:100]]
    for level in range(10):
        body = {"schemas": [GROUP], "displayName": f"{T.tag} level {level}", "members": [{"value": i} for i in members]}
        st, b = T.http("POST", "/Groups", body)
        if st != 201:
            T.rows.append({"workload": "W11 nested groups", "error": f"{st} {str(b)[:200]}"})
            return
        members = [b["id"]]
    lowest = {"concurrency": 16, "duration_s": o.stage_s, "timeout_s": 15, "n_start": 0, "n_len": 100, "n_mode": "rand",
              "seed": 11, "ids": {"u": str(write_list(T, [i for _, i in T.users[:100]]))}}
    top = flt(f'groups.value eq "{members[0]}"')
    for name, path, want in [
        ("W11 GET user in 10 nested groups", "/Users/${u}", {"expect": [200]}),
        ("W11 page of 100 such users", f"/Users?filter={top}&count=100", {"total": 100}),
        ("W11 users of the top group, one shown", f"/Users?filter={top}&count=1&attributes=userName", {"total": 100}),
    ]:
        T.measure(name, {**lowest, "steps": [step("r", "GET", path, **want)]}, c=16, size=len(T.users))


def w10(T, o, c=16):
    """Steady state: the mix a tenant in incremental provisioning sends."""
    f = flt(f'userName eq "{T.tag}.${{n8}}@bench.example.com"')
    p = patch({"op": "replace", "path": "title", "value": f"Mixed {time.time():.0f}.${{seq}}"})
    over_users(T, "W10 steady mix (filter 12, GET 4, PATCH 3)", [
        step("filter", "GET", f"/Users?filter={f}", total=1),
        step("get", "GET", "/Users/${u}", expect=[200], every=3),
        step("patch", "PATCH", "/Users/${u}", p, expect=[200, 204], every=4)], c, o.stage_s * 2)


# ---------------------------------------------------------------- run
def wait_up(T, limit=90, pid=None):
    t0 = time.time()
    while time.time() - t0 < limit:
        try:
            st, b = T.http("GET", "/ServiceProviderConfig", timeout=5)
            if st == 200:
                T.spc = b
                return time.time() - t0
        except Exception:  # noqa: BLE001
            pass
        time.sleep(0.01)
    raise SystemExit(f"{T.base} does not answer /ServiceProviderConfig with 200")


def cmd_run(o):
    child = None
    T = Target(o.name, o.base_url, o.token, o.pid, o.db_pid, lg_cores=o.loadgen_cores)
    T.legacy = o.entra_legacy
    meta = {"name": o.name, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(),
            "loadavg_before": os.getloadavg(), "stage_s": o.stage_s}
    out = Path(o.out)
    out.parent.mkdir(parents=True, exist_ok=True)

    def save():
        out.write_text(json.dumps({"meta": meta, "rows": T.rows}, indent=1))

    try:
        if o.start_cmd:
            cmd = shlex.split(o.start_cmd)
            if o.server_cores:
                cmd = ["taskset", "-c", o.server_cores] + cmd
            t0 = time.time()
            child = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            wait_up(T)
            meta["startup_s"] = round(time.time() - t0, 3)
            T.pid = child.pid
        else:
            wait_up(T)
        time.sleep(1)
        meta["idle_mb"], meta["spc"] = pss_mb(T.pid), {k: T.spc.get(k) for k in ("bulk", "filter", "pagination", "patch", "sort", "etag")}
        W = set(o.workloads.split(","))
        dur = o.stage_s
        meta["growth"] = []
        for size in [int(x) for x in o.sizes.split(",")]:
            need = size - len(T.users)
            if need > 0:
                r = create(T, "W1 load", 16, need, o.load_budget_s, size)
                if len(T.users) < size * 0.98:
                    log(o.name, f"loading stopped at {len(T.users)} of {size} users (budget {o.load_budget_s} s)")
                    if len(T.users) < 200:
                        break
            last = len(T.users) < size * 0.98
            if not T.users:
                break
            meta["growth"].append({"users": len(T.users), "server_mb": pss_mb(T.pid), "server_own_mb": own_mb(T.pid),
                                   "db_mb": pss_mb(T.db_pid)})
            if "W2" in W: w2(T, o, (1, 16))
            if "W3" in W: w3(T, o, (1, 16))
            if "W4" in W: w4(T, o, 16)
            if "W5" in W: w5(T, o, (1, 16))
            if "W10" in W: w10(T, o)
            save()
            if last:
                break
        for w, f in (("W8", w8), ("W7", w7), ("W9", w9), ("W11", w11)):
            if w in W and T.users:
                f(T, o)
                save()
        if "W6" in W and T.users:
            # so many besides the members of the largest group can be added to it
            create(T, "(outsiders)", 16, 600, o.load_budget_s, len(T.users))
            w6(T, o, [int(x) for x in o.group_sizes.split(",")])
        if "W2" in W and T.users: w2(T, o, (64,))
        # last, so that what stands above is measured at the sizes that it names
        if o.skip_w1 is False:
            for c in (1, 16, 64):
                create(T, "W1 POST user", c, 0, dur, len(T.users))
        meta["end_mb"], meta["end_db_mb"] = pss_mb(T.pid), pss_mb(T.db_pid)
    except KeyboardInterrupt:
        meta["interrupted"] = True
    finally:
        meta["loadavg_after"] = os.getloadavg()
        save()
        if child:
            stop(child)
    print(report([out]))


def stop(p):
    try:
        os.killpg(p.pid, signal.SIGTERM)
        p.wait(10)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


# ---------------------------------------------------------------- compare
def cmd_compare(o):
    ts = []
    for spec in (o.a, o.b):
        p = spec.split(",")
        t = Target(p[0], p[1], p[2], int(p[3]) if len(p) > 3 and p[3] else None, int(p[4]) if len(p) > 4 else None, lg_cores=o.loadgen_cores)
        wait_up(t)
        ts.append(t)
    for t in ts:
        create(t, "load", 16, o.users, o.load_budget_s, o.users)
    stages = {
        # a fixed number, so that both servers keep the same size
        "POST user c=16": lambda t: create(t, "POST user", 16, max(200, o.users // 10), 4 * o.stage_s, 0),
        "GET by id c=16": lambda t: (w2(t, o, (16,)), t.rows[-1])[1],
        "userName eq c=16": lambda t: over_users(t, "eq", [step("f", "GET", "/Users?filter=" + flt(f'userName eq "{t.tag}.${{n8}}@bench.example.com"'), total=1)], 16, o.stage_s),
        "externalId eq c=16": lambda t: over_users(t, "ext", [step("f", "GET", "/Users?filter=" + flt(f'externalId eq "ext-{t.tag}.${{n8}}"'), total=1)], 16, o.stage_s),
        "emails.value eq c=16": lambda t: over_users(t, "mail", [step("f", "GET", "/Users?filter=" + flt(f'emails.value eq "{t.tag}.${{n8}}@mail.example.com"'), total=1)], 16, o.stage_s),
        "PATCH active c=16": lambda t: (w5p(t, o), t.rows[-1])[1],
        "steady mix c=16": lambda t: (w10(t, o), t.rows[-1])[1],
    }
    stages = {k: f for k, f in stages.items() if not o.stages or k in o.stages.split(",")}
    res = {k: ([], []) for k in stages}
    for rnd in range(o.rounds):
        for k, f in stages.items():
            for i in ((0, 1) if rnd % 2 == 0 else (1, 0)):
                r = f(ts[i])
                c = r["cpu"]
                res[k][i].append((r["rps"], c.get("server_ms_per_req", 0) + c.get("db_ms_per_req", 0), r["errors"],
                                  (r["steps"][-1]["latency"] or {}).get("p99_us", 0) / 1000))
    a, b = ts[0].name, ts[1].name
    lines = [f"| workload | {a} req/s | {b} req/s | rate {b}/{a} (min..max) | CPU ms/req {a} | {b} | p99 ms {a} | {b} | errors |", "|---|---|---|---|---|---|---|---|---|"]
    med = statistics.median
    for k, (x, y) in res.items():
        rat = [q[0] / p[0] if p[0] else float("nan") for p, q in zip(x, y)]
        lines.append(f"| {k} | {med(p[0] for p in x):.0f} | {med(p[0] for p in y):.0f} | **{med(rat):.2f}** ({min(rat):.2f}..{max(rat):.2f}) "
                     f"| {med(p[1] for p in x):.3f} | {med(p[1] for p in y):.3f} | {med(p[3] for p in x):.1f} | {med(p[3] for p in y):.1f} "
                     f"| {sum(p[2] for p in x)}/{sum(p[2] for p in y)} |")
    text = "\n".join(lines)
    Path(o.out).parent.mkdir(parents=True, exist_ok=True)
    Path(o.out).write_text(json.dumps({"a": a, "b": b, "rounds": o.rounds, "users": o.users, "res": res}, indent=1))
    print(text)


def w5p(T, o):
    a = patch({"op": "replace", "path": "active", "value": False})
    over_users(T, "PATCH", [step("p", "PATCH", "/Users/${u}", a, expect=[200, 204])], 16, o.stage_s)


# ---------------------------------------------------------------- limits
SQL_SETUP = """
drop table if exists lim_users; create table lim_users(seq bigserial primary key, id uuid not null default gen_random_uuid(), tenant int not null,
 user_name text not null, external_id text, doc jsonb not null);
create unique index lim_id on lim_users(id); create unique index lim_un on lim_users(tenant, lower(user_name)); create unique index lim_ext on lim_users(tenant, external_id);
insert into lim_users(tenant,user_name,external_id,doc) select 1,'user'||g||'@bench.example.com','ext-'||g, jsonb_build_object('userName','user'||g,'pad',repeat('x',1200)) from generate_series(1,100000) g;
drop table if exists lim_members; create table lim_members(gid int, uid bigint, primary key(gid,uid)); create index lim_m on lim_members(uid);
create sequence if not exists lim_s start 10000000; analyze lim_users;
"""
PGS = {
    "select by pk": r"\set i random(1,100000)" "\nselect doc from lim_users where seq=:i;\n",
    "select lower(user_name)": r"\set i random(1,100000)" "\nselect doc from lim_users where tenant=1 and lower(user_name)='user'||:i||'@bench.example.com';\n",
    "insert jsonb doc, 3 unique indexes": "insert into lim_users(tenant,user_name,external_id,doc) select 1,'n'||s,'e'||s,jsonb_build_object('userName','n'||s,'pad',repeat('x',1200)) from nextval('lim_s') s;\n",
    "update doc by pk": r"\set i random(1,100000)" "\nupdate lim_users set doc=jsonb_set(doc,'{active}','false') where seq=:i;\n",
    "insert group member": "insert into lim_members values(1,nextval('lim_s'));\n",
}


def cmd_limits(o):
    out = {"http": [], "pg": {}, "sqlite": {}}
    port = 18999
    for name, cmd in (("hyper, one thread", [loadgen_bin(), "--static", str(port)]), ("axum", [loadgen_bin("floor"), str(port)])):
        p = subprocess.Popen(cmd)
        try:
            time.sleep(0.5)
            T = Target(name, f"http://127.0.0.1:{port}", "x", p.pid)
            for c in (1, 16, 64):
                T.measure("GET 1 KB", {"concurrency": c, "duration_s": o.stage_s, "n_mode": "seq", "n_len": 1, "steps": [step("g", "GET", "/Users/1")]}, c=c)
                T.measure("POST 1.3 KB", {"concurrency": c, "duration_s": o.stage_s, "n_mode": "seq", "n_len": 1000,
                                          "steps": [step("p", "POST", "/Users", user_doc("lim"))]}, c=c)
            out["http"] += [{"server": name} | {k: r[k] for k in ("workload", "c", "rps", "cpu")} | {"latency": r["steps"][0]["latency"]} for r in T.rows]
        finally:
            p.terminate()
            p.wait(5)
    if o.pg_port:
        env = {**os.environ, "PGHOST": o.pg_host, "PGPORT": str(o.pg_port), "PGUSER": o.pg_user, "PGDATABASE": o.pg_db}
        pgbin = (o.pg_bin + "/") if o.pg_bin else ""
        subprocess.run([pgbin + "psql", "-q", "-v", "ON_ERROR_STOP=1"], input=SQL_SETUP, text=True, env=env, check=True, stderr=subprocess.DEVNULL)
        for name, sql in PGS.items():
            for c in (1, 16):
                f = Path(tempfile.mkdtemp()) / "s.sql"
                f.write_text(sql)
                r = subprocess.run([pgbin + "pgbench", "-n", "-M", "prepared", "-c", str(c), "-j", "1", "-T", str(int(o.stage_s)), "-f", str(f)],
                                   env=env, capture_output=True, text=True)
                tps = re.search(r"tps = ([\d.]+)", r.stdout)
                lat = re.search(r"latency average = ([\d.]+)", r.stdout)
                out["pg"][f"{name} c={c}"] = {"tps": float(tps[1]) if tps else None, "avg_ms": float(lat[1]) if lat else None, "err": r.stderr[-200:] if not tps else ""}
                log("pg", name, c, out["pg"][f"{name} c={c}"])
        subprocess.run([pgbin + "psql", "-q"], input="drop table lim_users; drop table lim_members; drop sequence lim_s;", text=True, env=env)
    out["sqlite"] = sqlite_limits(o)
    Path(o.out).parent.mkdir(parents=True, exist_ok=True)
    Path(o.out).write_text(json.dumps(out, indent=1))
    print(json.dumps(out, indent=1))


def sqlite_limits(o):
    """Python's sqlite3 adds some microseconds a call; read the figures as a lower bound of the limit."""
    import random, uuid
    d = Path(tempfile.mkdtemp(prefix="scimbench-sqlite-", dir=o.sqlite_dir or None))
    res = {"sqlite": sqlite3.sqlite_version}
    pad = "x" * 1200
    for sync in ("NORMAL", "FULL"):
        db = sqlite3.connect(d / f"{sync}.db", isolation_level=None)
        db.execute("pragma journal_mode=wal")
        db.execute(f"pragma synchronous={sync}")
        db.execute("create table u(seq integer primary key, id text not null, un text not null, ext text, doc text not null)")
        for i, c in enumerate(("id", "un", "ext")):
            db.execute(f"create unique index i{i} on u({c})")
        db.execute("begin")
        db.executemany("insert into u(id,un,ext,doc) values(?,?,?,?)",
                       ((str(uuid.UUID(int=random.getrandbits(128))), f"user{i}@bench.example.com", f"ext-{i}", pad) for i in range(100000)))
        db.execute("commit")

        def rate(f):
            t0, n = time.time(), 0
            while time.time() - t0 < o.stage_s:
                for _ in range(50):
                    f(n)
                    n += 1
            return round(n / (time.time() - t0))
        r = {}
        r["select by pk"] = rate(lambda n: db.execute("select doc from u where seq=?", (random.randint(1, 100000),)).fetchone())
        r["select by user_name"] = rate(lambda n: db.execute("select doc from u where un=?", (f"user{random.randint(0, 99999)}@bench.example.com",)).fetchone())
        r["insert, one a transaction"] = rate(lambda n: db.execute("insert into u(id,un,ext,doc) values(?,?,?,?)",
                                              (str(uuid.UUID(int=random.getrandbits(128))), f"n{n}@x", f"e{n}", pad)))
        r["update doc, one a transaction"] = rate(lambda n: db.execute("update u set doc=? where seq=?", (pad + str(n), random.randint(1, 100000))))

        def batch(n):
            db.execute("begin")
            db.executemany("insert into u(id,un,ext,doc) values(?,?,?,?)",
                           ((str(uuid.UUID(int=random.getrandbits(128))), f"b{n}.{i}@x", f"f{n}.{i}", pad) for i in range(50)))
            db.execute("commit")
        r["insert, 50 a transaction (rows/s)"] = 50 * rate(batch)
        res[sync] = r
        log("sqlite", sync, r)
        db.close()
    for f in d.iterdir():
        f.unlink()
    d.rmdir()
    return res


# ---------------------------------------------------------------- report
def report(files):
    runs = [json.loads(Path(f).read_text()) for f in files]
    out = []
    names = [r["meta"]["name"] for r in runs]
    out.append("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for key, label in (("startup_s", "start to first 200 (s)"), ("idle_mb", "memory idle (MB)"), ("end_mb", "memory at end (MB)")):
        out.append(f"| {label} | " + " | ".join(str(r["meta"].get(key, "")) for r in runs) + " |")
    keys, cell = [], []
    for r in runs:
        d = {}
        for x in r["rows"]:
            k = (x["workload"], x.get("size") if x["workload"][:2] in ("W2", "W3", "W4", "W5", "W6") or x["workload"].startswith("W10") else None, x.get("c"), x.get("page"))
            if k not in keys:
                keys.append(k)
            d[k] = x
        cell.append(d)

    def show(x):
        if x is None:
            return ""
        if "steps" in x:
            la = (x["steps"][-1]["latency"] or {})
            cpu = x["cpu"].get("server_ms_per_req")
            s = f"{x['rps']:.0f}/s p50 {la.get('p50_us', 0)/1000:.1f} p99 {la.get('p99_us', 0)/1000:.1f} ms"
            if cpu is not None:
                s += f" cpu {cpu + x['cpu'].get('db_ms_per_req', 0):.2f}"
            if x["cpu"].get("other_cores", 0) > 0.3:
                s += f" (noise {x['cpu']['other_cores']:.1f})"
            if x["errors"]:
                st = {}
                for q in x["steps"]:
                    for a, b in q["statuses"].items():
                        st[a] = st.get(a, 0) + b
                s += f" **{x['errors']} bad of {x['requests']}** {st}"
            if "members_expected" in x and x["members_expected"] != x["members_found"]:
                s += f" **members {x['members_found']} of {x['members_expected']}**"
            if "total_seen" in x and (x["total_seen"] or 0) < 40:
                s += f" **found {x['total_seen']} of 50 changed**"
            return s
        if "items" in x:
            return f"{x['items_per_s']:.0f} users/s; page {x['first_pages_us']/1000:.1f} -> {x['last_pages_us']/1000:.1f} ms; {x['distinct']} of {x['total']}" + (f" {x['stopped']}" if x["stopped"] != "end" else "") + (f" {x['error'][:80]}" if x["error"] else "")
        return "; ".join(f"{k} {v}" for k, v in x.items() if k not in ("workload", "size"))[:160]
    out.append("\n| workload | size | c | " + " | ".join(names) + " |\n|---|---|---|" + "---|" * len(names))
    for k in keys:
        out.append(f"| {k[0]}{' count=%d' % k[3] if k[3] else ''} | {k[1] if k[1] is not None else ''} | {k[2] or ''} | " + " | ".join(show(d.get(k)) for d in cell) + " |")
    return "\n".join(out)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="cmd", required=True)
    r = sub.add_parser("run")
    r.add_argument("--base-url", required=True); r.add_argument("--token", default=os.environ.get("SCIM_TOKEN", ""))
    r.add_argument("--name", default="server"); r.add_argument("--out", default="out/run.json")
    r.add_argument("--start-cmd", help="start the server with this, measure start-up and memory, stop it at the end")
    r.add_argument("--pid", type=int, help="pid of a running server, for CPU and memory"); r.add_argument("--db-pid", type=int, help="pid of the postmaster")
    r.add_argument("--sizes", default="1000,10000,100000"); r.add_argument("--group-sizes", default="0,1000,10000,100000")
    r.add_argument("--workloads", default="W2,W3,W4,W5,W6,W7,W8,W9,W10,W11"); r.add_argument("--skip-w1", action="store_true")
    r.add_argument("--stage-s", type=float, default=4); r.add_argument("--load-budget-s", type=float, default=90)
    r.add_argument("--cycle-users", type=int, default=2000); r.add_argument("--entra-legacy", action="store_true", help='send active as the string "False"')
    r.add_argument("--server-cores", default=""); r.add_argument("--loadgen-cores", default="", help="taskset list, e.g. 1")
    c = sub.add_parser("compare")
    c.add_argument("--a", required=True, help="NAME,URL,TOKEN[,PID[,DB_PID]]"); c.add_argument("--b", required=True)
    c.add_argument("--rounds", type=int, default=5); c.add_argument("--users", type=int, default=10000)
    c.add_argument("--stage-s", type=float, default=2); c.add_argument("--load-budget-s", type=float, default=120)
    c.add_argument("--loadgen-cores", default=""); c.add_argument("--out", default="out/compare.json")
    c.add_argument("--stages", default="", help="only these, by name, with commas in between")
    m = sub.add_parser("limits")
    m.add_argument("--pg-host", default="127.0.0.1"); m.add_argument("--pg-port", type=int); m.add_argument("--pg-user", default="postgres")
    m.add_argument("--pg-db", default="postgres"); m.add_argument("--pg-bin", default=""); m.add_argument("--sqlite-dir", default="")
    m.add_argument("--stage-s", type=float, default=4); m.add_argument("--out", default="out/limits.json")
    p = sub.add_parser("report"); p.add_argument("files", nargs="+")
    o = ap.parse_args()
    if o.cmd == "report":
        print(report(o.files))
    else:
        {"run": cmd_run, "compare": cmd_compare, "limits": cmd_limits}[o.cmd](o)


if __name__ == "__main__":
    main()
