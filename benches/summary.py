#!/usr/bin/env python3
"""The table of docs/performance.md: each figure beside its target and beside the limit measured in the same run.

  summary.py DIR      DIR holds limits.json, sqlite.json, postgres.json as scripts/bench writes them
"""
import json, sys
from pathlib import Path

# What is measured: label; workload and clients in the run; target in requests a second and as a ratio to the limit.
# The limits are named as in LIMITS below.
ROWS = [
    ("GET by id", "W2 GET user by id", 16, {"postgres": (12000, "select", 0.25), "sqlite": (25000, "axum get", 0.25)}),
    ("userName eq, hit", "W3 userName eq (hit)", 16, {"postgres": (10000, "select", 0.2), "sqlite": (20000, "axum get", 0.2)}),
    ("userName eq, miss", "W3 userName eq (miss)", 16, {"postgres": (10000, "select", 0.2), "sqlite": (20000, "axum get", 0.2)}),
    ("externalId eq", "W4 externalId eq", 16, {"postgres": (10000, "select", 0.2), "sqlite": (20000, "axum get", 0.2)}),
    ("emails.value eq", "W4 emails.value eq", 16, {"postgres": (6000, "select", 0.12), "sqlite": (12000, "axum get", 0.12)}),
    ("emails[type and value]", "W4 emails[type and value]", 16, {"postgres": (6000, "select", 0.12), "sqlite": (12000, "axum get", 0.12)}),
    ("emails[type].value eq", "W4 emails[type].value eq", 16, {"postgres": (6000, "select", 0.12), "sqlite": (12000, "axum get", 0.12)}),
    ("displayName co", "W4 displayName co", 16, {"postgres": (1000, None, None), "sqlite": (500, None, None)}),
    ("meta.lastModified gt, page of 100", "W4 meta.lastModified gt, page of 100", 16, {}),
    ("root: userName eq or displayName eq", "W4 root: userName eq or displayName eq", 16, {}),
    ("root: page of 100 by meta.created", "W4 root: page of 100 by meta.created", 16, {}),
    ("POST user", "W1 POST user", 16, {"postgres": (3500, "insert", 0.35), "sqlite": (5000, "sqlite insert", 1.5)}),
    ("PATCH active and title", "W5 PATCH active and title", 16, {"postgres": (2500, "insert", 0.25), "sqlite": (4000, "sqlite insert", 1.0)}),
    ("PATCH home e-mail", "W5 PATCH home e-mail", 16, {"postgres": (2500, "insert", 0.25), "sqlite": (4000, "sqlite insert", 1.0)}),
    ("steady mix", "W10 steady mix (filter 12, GET 4, PATCH 3)", 16, {}),
]
GROUP_ROWS = [
    ("add one member", "W6 PATCH add one member", 16, {"postgres": 1500, "sqlite": 3000}),
    ("add one member, one client", "W6 PATCH add one member", 1, {}),
    ("remove one member, one client", "W6 PATCH remove one member", 1, {}),
    ("GET without members", "W6 GET group excludedAttributes=members", 16, {"postgres": 8000, "sqlite": 15000}),
    ("displayName eq, no members", "W6 Groups displayName eq, no members", 16, {"postgres": 8000, "sqlite": 15000}),
    ("displayName eq and members.value eq", "W6 Groups displayName eq and members.value eq", 16, {"postgres": 8000, "sqlite": 15000}),
    ("id eq and members[value eq]", "W6 Groups id eq and members[value eq]", 16, {"postgres": 8000, "sqlite": 15000}),
    ("GET with members", "W6 GET group with members", 16, {}),
]


def limits(measured):
    http = {(x["server"], x["workload"], x["c"]): x["rps"] for x in measured["http"]}
    return {
        "axum get": http[("axum", "GET 1 KB", 16)],
        "select": measured["pg"]["select by pk c=16"]["tps"],
        "insert": measured["pg"]["insert jsonb doc, 3 unique indexes c=16"]["tps"],
        "sqlite insert": measured["sqlite"]["FULL"]["insert, one a transaction"],
    }


def cpu(row):
    """Milliseconds of CPU of the server and the database a request."""
    return row["cpu"].get("server_ms_per_req", 0) + row["cpu"].get("db_ms_per_req", 0)


def pick(run, workload, clients, size=None):
    rows = [r for r in run["rows"] if r.get("workload") == workload and r.get("c") == clients and (size is None or r.get("size") == size)]
    return rows[-1] if rows else None


def verdict(met):
    return "" if met is None else " ok" if met else " **missed**"


def lookups(name, run, limit, sizes):
    print(f"\n### {name}: requests by 16 clients\n")
    print("| work | users | requests/s | target | ratio to limit | target | CPU ms a request | to that at %s | p99 ms |" % f"{sizes[0]:,}")
    print("|---|---|---|---|---|---|---|---|---|")
    for label, workload, clients, targets in ROWS:
        rate, against, ratio = targets.get(name, (None, None, None))
        first = None
        for size in sizes if workload != "W1 POST user" else [None]:
            row = pick(run, workload, clients, size)
            if row is None:
                continue
            used = cpu(row)
            first = first or used
            at_target_size = size in (None, sizes[-1])
            share = row["rps"] / limit[against] if against else None
            print(f"| {label} | {format(size or row['size'], ',')} | {row['rps']:,.0f}"
                  f" | {f'{rate:,}' + verdict(row['rps'] >= rate) if rate and at_target_size else ''}"
                  f" | {f'{share:.2f}' if share else ''}"
                  f" | {f'{ratio}' + verdict(share >= ratio) if ratio and at_target_size else ''}"
                  f" | {used:.3f} | {f'{used / first:.2f}' + verdict(used / first <= 1.25) if size == sizes[-1] and len(sizes) > 1 else ''}"
                  f" | {row['steps'][-1]['latency']['p99_us'] / 1000:.1f}{errors(row)} |")


def errors(row):
    return f" ({row['errors']} errors)" if row.get("errors") else ""


def groups(name, run):
    sizes = sorted({r["size"] for r in run["rows"] if r["workload"].startswith("W6 PATCH add")})
    if not sizes:
        return
    print(f"\n### {name}: one group\n")
    print("| work | clients | target/s | " + " | ".join(f"{s:,} members: requests/s, CPU ms" for s in sizes) + " | CPU, last to first |")
    print("|---|---|---|" + "---|" * len(sizes) + "---|")
    for label, workload, clients, targets in GROUP_ROWS:
        rows = [pick(run, workload, clients, size) for size in sizes]
        shown = [f"{r['rps']:,.0f}, {cpu(r):.3f}{errors(r)}" if r else "" for r in rows]
        measured = [cpu(r) for r in rows if r and cpu(r)]
        growth = f"{measured[-1] / measured[0]:.2f}" if len(measured) > 1 else ""
        target = targets.get(name)
        print(f"| {label} | {clients} | {f'{target:,}' if target else ''} | " + " | ".join(shown) + f" | {growth} |")
    lost = [(r["members_found"], r["members_expected"]) for r in run["rows"] if "members_expected" in r]
    print(f"\nMembers found of those acknowledged after parallel adds: {', '.join(f'{a:,} of {b:,}' for a, b in lost)}.")


def rest(name, run):
    meta = run["meta"]
    print(f"\n### {name}: the rest\n")
    print("| what | figure |\n|---|---|")
    print(f"| start to first 200 | {meta['startup_s']} s |")
    print(f"| memory idle | {meta['idle_mb']} MB |")
    for point in meta["growth"]:
        database = f", PostgreSQL {point['db_mb']} MB" if point.get("db_mb") else ""
        own = f" (without pages of files: {point['server_own_mb']} MB)" if "server_own_mb" in point else ""
        print(f"| memory with {point['users']:,} users | {point['server_mb']} MB{own}{database} |")
    for row in run["rows"]:
        if row["workload"].startswith("W8"):
            if "items" not in row:
                print(f"| {row['workload']} | {row['error']} |")
                continue
            print(f"| {row['workload']}, {row['page']} a page, {row['size']:,} users | {row['items_per_s']:,.0f} users/s; pages"
                  f" {row['first_pages_us'] / 1000:.1f} ms at first, {row['last_pages_us'] / 1000:.1f} ms at last; {row['distinct']:,} of {row['total']:,} seen |")
        elif row["workload"].startswith("W9") and "ops_per_s" in row:
            print(f"| {row['workload']} | {row['ops_per_s']:,} operations/s, {row['times_posts']} times as fast as one POST after the other"
                  f" (target 3); {row['created']:,} of {row['of']:,} created |")
        elif row["workload"].startswith("W11") and "rps" in row:
            print(f"| {row['workload']}, 16 clients | {row['rps']:,.0f}/s, {cpu(row):.3f} ms of CPU{errors(row)} |")
        elif row["workload"] == "W7 summary":
            print(f"| initial cycle of {row['users']:,} users and {row['groups']} groups, 8 clients | {row['users_per_s']:,} users/s |")


def main():
    folder = Path(sys.argv[1])
    measured = json.loads((folder / "limits.json").read_text())
    limit = limits(measured)
    print("Limits of this machine in the same run, 16 clients:\n\n| limit | a second |\n|---|---|")
    for key, label in [("axum get", "bare axum, GET of 1 kB"), ("select", "pgbench: select by key"),
                       ("insert", "pgbench: insert of a document, 3 unique indexes"),
                       ("sqlite insert", "SQLite, synchronous=FULL: one insert a transaction, one thread")]:
        print(f"| {label} | {limit[key]:,.0f} |")
    for name in ("sqlite", "postgres"):
        path = folder / f"{name}.json"
        if path.exists():
            run = json.loads(path.read_text())
            sizes = sorted({r["size"] for r in run["rows"] if r["workload"] == "W2 GET user by id" and r.get("c") == 16})
            lookups(name, run, limit, sizes)
            groups(name, run)
            rest(name, run)


if __name__ == "__main__":
    main()
