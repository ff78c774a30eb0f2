#!/usr/bin/env python3
"""Replay recorded-shape SCIM client conversations against a SCIM 2.0 server.

    python3 run.py --base-url URL --token TOKEN DIR_OR_FILE...

Every *.json file below the given places holds one scenario (or
{"scenarios": [...]}); the format is described in README.md beside this
file.  Standard library only, Python 3.11 or newer.

Prints one line per scenario (PASS, FAIL or SKIP), for a failure the first
assertion that did not hold, and closes with "N passed, N failed".
Exit status: 0 when nothing failed, 1 when something failed, 2 when the
command line or a scenario file is wrong.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import copy
import http.client
import json
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
DEFAULT_CONTENT_TYPE = "application/scim+json"


class Failed(Exception):
    """An expectation did not hold."""


class BadScenario(Exception):
    """The scenario file itself is wrong."""


# --------------------------------------------------------------------------
# variables
# --------------------------------------------------------------------------

VAR = re.compile(r"\$\{([^${}]+)\}")


class Vars:
    """The variables of one running scenario."""

    def __init__(self, start, shared=None):
        self.own = dict(start)
        self.shared = shared if shared is not None else {}
        self.lock = threading.Lock()

    def child(self, **more):
        kid = Vars({**self.own, **more}, self.shared)
        kid.lock = self.lock
        return kid

    def set(self, name, value):
        with self.lock:
            self.shared[name] = value

    def get(self, name):
        if name in self.own:
            return self.own[name]
        with self.lock:
            if name in self.shared:
                return self.shared[name]
            if name == "uuid" or name.startswith("uuid:"):
                made = str(uuid.uuid4())
                if name != "uuid":
                    self.shared[name] = made
                return made
        raise BadScenario("unknown variable ${%s}" % name)

    def text(self, template):
        """Replace every ${name}, innermost first, as text."""
        for _ in range(8):
            done = VAR.sub(lambda m: as_text(self.get(m.group(1))), template)
            if done == template:
                return done
            template = done
        return template

    def value(self, node):
        """Replace variables anywhere in a JSON value; expand $repeat/$merge."""
        if isinstance(node, str):
            whole = VAR.fullmatch(node)
            if whole:
                return copy.deepcopy(self.get(whole.group(1)))
            if node.startswith("${") and node.endswith("}") and node.count("${") > 1:
                inner = self.text(node[2:-1])
                if re.fullmatch(r"[^${}]+", inner):
                    try:
                        return copy.deepcopy(self.get(inner))
                    except BadScenario:
                        pass
            return self.text(node)
        if isinstance(node, list):
            out = []
            for item in node:
                if isinstance(item, dict) and set(item) == {"$repeat"}:
                    spec = item["$repeat"]
                    first = int(spec.get("from", 0))
                    for index in range(first, first + int(spec["count"])):
                        kid = self.child(**{spec.get("var", "i"): str(index)})
                        out.append(kid.value(spec["item"]))
                else:
                    out.append(self.value(item))
            return out
        if isinstance(node, dict):
            if set(node) == {"$merge"}:
                base = None
                for part in node["$merge"]:
                    part = self.value(part)
                    base = part if base is None else deep_merge(base, part)
                return base
            return {self.text(key): self.value(val) for key, val in node.items()}
        return node


def deep_merge(base, over):
    if isinstance(base, dict) and isinstance(over, dict):
        out = dict(base)
        for key, val in over.items():
            if isinstance(val, dict) and set(val) == {"$drop"}:
                out.pop(key, None)
            elif key in out:
                out[key] = deep_merge(out[key], val)
            else:
                out[key] = val
        return out
    return over


def as_text(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


# --------------------------------------------------------------------------
# paths into an answer
# --------------------------------------------------------------------------


def parse_path(path):
    """$.a.b  $['urn:x'].c  $.list[0]  $.list[*]  $.list[?type=work&primary=true]"""
    if not path.startswith("$"):
        raise BadScenario("path must start with $: %r" % path)
    steps, at = [], 1
    while at < len(path):
        char = path[at]
        if char == ".":
            match = re.compile(r"[A-Za-z0-9_$-]+").match(path, at + 1)
            if not match:
                raise BadScenario("bad path %r" % path)
            steps.append(("key", match.group()))
            at = match.end()
        elif char == "[":
            if path[at + 1] in "'\"":
                end = path.index(path[at + 1] + "]", at + 2)
                steps.append(("key", path[at + 2 : end]))
                at = end + 2
                continue
            end = path.index("]", at)
            inner = path[at + 1 : end]
            if inner == "*":
                steps.append(("all", None))
            elif inner.startswith("?"):
                tests = []
                for part in inner[1:].split("&"):
                    key, _, want = part.partition("=")
                    tests.append((key, want))
                steps.append(("where", tests))
            else:
                steps.append(("index", int(inner)))
            at = end + 1
        else:
            raise BadScenario("bad path %r" % path)
    return steps


def loose_equal(got, want):
    if isinstance(got, bool):
        return want == ("true" if got else "false")
    if got is None:
        return want == "null"
    if isinstance(got, (int, float)):
        return str(got) == want
    return got == want


def find(document, path):
    nodes = [document]
    for kind, arg in parse_path(path):
        found = []
        for node in nodes:
            if kind == "key":
                if isinstance(node, dict) and arg in node:
                    found.append(node[arg])
            elif kind == "index":
                if isinstance(node, list) and -len(node) <= arg < len(node):
                    found.append(node[arg])
            elif kind == "all":
                if isinstance(node, list):
                    found.extend(node)
            elif kind == "where":
                if isinstance(node, list):
                    for item in node:
                        if isinstance(item, dict) and all(
                            key in item and loose_equal(item[key], want) for key, want in arg
                        ):
                            found.append(item)
        nodes = found
    return nodes


# --------------------------------------------------------------------------
# assertions
# --------------------------------------------------------------------------


def type_name(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object"


def same(got, want):
    if isinstance(got, bool) != isinstance(want, bool):
        return False
    if isinstance(got, dict) and isinstance(want, dict):
        return set(got) == set(want) and all(same(got[k], want[k]) for k in got)
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(same(a, b) for a, b in zip(got, want))
    return got == want


def covers(got, want):
    """got has at least what want has (objects by subset)."""
    if isinstance(want, dict) and isinstance(got, dict):
        return all(key in got and covers(got[key], val) for key, val in want.items())
    return same(got, want)


def same_set(got, want):
    if not isinstance(got, list) or len(got) != len(want):
        return False
    left = list(want)
    for item in got:
        for index, other in enumerate(left):
            if covers(item, other):
                del left[index]
                break
        else:
            return False
    return True


def is_empty(value):
    return value is None or value == [] or value == {}


def short(value, limit=400):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "..."


OPERATIONS = (
    "equals not_equals ci_equals one_of present absent missing matches type contains "
    "not_contains count count_min count_max set_equals min max disjoint_with"
).split()


def check_values(where, nodes, rule):
    """One assertion on the nodes that a path (or a header) yielded."""

    def single():
        if len(nodes) != 1:
            raise Failed("%s: expected exactly one value, found %d" % (where, len(nodes)))
        return nodes[0]

    asked = [name for name in OPERATIONS if name in rule]
    if not asked:
        raise BadScenario("%s: no known assertion in %s" % (where, sorted(rule)))
    for name in asked:
        want = rule[name]
        if name == "equals":
            got = single()
            if not same(got, want):
                raise Failed("%s: expected %s, got %s" % (where, short(want), short(got)))
        elif name == "not_equals":
            got = single()
            if same(got, want):
                raise Failed("%s: must differ from %s" % (where, short(want)))
        elif name == "ci_equals":
            got = single()
            if not isinstance(got, str) or got.lower() != want.lower():
                raise Failed("%s: expected %s in any letter case, got %s" % (where, short(want), short(got)))
        elif name == "one_of":
            got = single()
            if not any(same(got, item) for item in want):
                raise Failed("%s: expected one of %s, got %s" % (where, short(want), short(got)))
        elif name == "present":
            there = any(not is_empty(node) for node in nodes)
            if there != bool(want):
                raise Failed("%s: expected a value, found none" % where if want else "%s: expected none" % where)
        elif name == "absent":
            there = any(not is_empty(node) for node in nodes)
            if there == bool(want):
                raise Failed("%s: expected no value, got %s" % (where, short(nodes)))
        elif name == "missing":
            if bool(nodes) == bool(want):
                raise Failed("%s: expected the name not to be there at all, got %s" % (where, short(nodes)))
        elif name == "matches":
            got = single()
            if not re.search(want, as_text(got)):
                raise Failed("%s: %s does not match /%s/" % (where, short(got), want))
        elif name == "type":
            got = single()
            allowed = want if isinstance(want, list) else [want]
            if type_name(got) not in allowed:
                raise Failed("%s: expected type %s, got %s %s" % (where, "/".join(allowed), type_name(got), short(got)))
        elif name in ("contains", "not_contains"):
            pool = []
            for node in nodes:
                pool.extend(node if isinstance(node, list) else [node])
            hit = any(covers(item, want) for item in pool)
            if hit != (name == "contains"):
                verb = "expected to hold" if name == "contains" else "must not hold"
                raise Failed("%s: %s %s, got %s" % (where, verb, short(want), short(pool)))
        elif name in ("count", "count_min", "count_max"):
            size = len(nodes[0]) if len(nodes) == 1 and isinstance(nodes[0], list) else len(nodes)
            word = {"count": "", "count_min": "at least ", "count_max": "at most "}[name]
            if (name == "count" and size != want) or (name == "count_min" and size < want) \
                    or (name == "count_max" and size > want):
                raise Failed("%s: expected %s%s values, found %d" % (where, word, want, size))
        elif name == "set_equals":
            got = nodes[0] if len(nodes) == 1 and isinstance(nodes[0], list) else nodes
            if not same_set(got, want):
                raise Failed("%s: expected the set %s, got %s" % (where, short(want), short(got)))
        elif name in ("min", "max"):
            got = single()
            if isinstance(got, bool) or not isinstance(got, (int, float)):
                raise Failed("%s: expected a number, got %s" % (where, short(got)))
            if (name == "min" and got < want) or (name == "max" and got > want):
                raise Failed("%s: expected %s %s, got %s" % (where, name, want, got))
        elif name == "disjoint_with":
            both = [node for node in nodes if node in want]
            if both:
                raise Failed("%s: expected nothing in common, both have %s" % (where, short(both)))


def check_body(document, rules, names):
    for rule in rules:
        rule = names.value(rule)
        path = rule.get("path", "$")
        reason = " (%s)" % rule["why"] if rule.get("why") else ""
        try:
            check_values(path, find(document, path), rule)
        except Failed as exc:
            raise Failed("%s%s" % (exc, reason)) from None


def check_error_body(document, status, rule):
    if not isinstance(document, dict):
        raise Failed("error answer has no JSON object as body (RFC 7644 3.12)")
    if SCIM_ERROR not in (document.get("schemas") or []):
        raise Failed("error answer lacks the schema %s (RFC 7644 3.12)" % SCIM_ERROR)
    if document.get("status") != str(status):
        raise Failed('error answer must carry "status": "%s" as a string, got %s (RFC 7644 3.12)'
                     % (status, short(document.get("status"))))
    if isinstance(rule, dict) and "scimType" in rule:
        want = rule["scimType"] if isinstance(rule["scimType"], list) else [rule["scimType"]]
        if document.get("scimType") not in want:
            raise Failed("error answer: expected scimType %s, got %s"
                         % (" or ".join(map(str, want)), short(document.get("scimType"))))


# --------------------------------------------------------------------------
# HTTP
# --------------------------------------------------------------------------


class Answer:
    def __init__(self, status, headers, raw, millis):
        self.status = status
        self.headers = headers
        self.raw = raw
        self.millis = millis
        self.document = None
        self.unreadable = None
        if raw:
            try:
                self.document = json.loads(raw.decode("utf-8"))
            except (UnicodeDecodeError, ValueError) as exc:
                self.unreadable = str(exc)

    def header(self, name):
        return self.headers.get(name.lower())


class Client:
    """One keep-alive connection."""

    def __init__(self, options):
        self.options = options
        parts = urllib.parse.urlsplit(options.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadScenario("--base-url must be an http or https address")
        self.parts = parts
        self.prefix = parts.path.rstrip("/")
        self.connection = None

    def connect(self):
        host, port = self.parts.hostname, self.parts.port
        if self.parts.scheme == "https":
            context = ssl.create_default_context()
            if self.options.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection(host, port, timeout=self.options.timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self.options.timeout)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def send(self, method, path, headers, body):
        target = self.prefix + path
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = self.connect()
            started = time.monotonic()
            try:
                conn = self.connection
                conn.putrequest(method, target, skip_accept_encoding=True)
                for name, value in headers.items():
                    conn.putheader(name, value.encode("utf-8") if not value.isascii() else value)
                if body is not None:
                    conn.putheader("Content-Length", str(len(body)))
                elif method in ("POST", "PUT", "PATCH"):
                    conn.putheader("Content-Length", "0")
                conn.endheaders(body)
                got = conn.getresponse()
                raw = got.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as exc:
                self.close()
                if fresh or attempt == 2:
                    raise Failed("connection lost: %s" % exc) from None
                continue
            except (OSError, http.client.HTTPException) as exc:
                self.close()
                raise Failed("no answer: %s: %s" % (type(exc).__name__, exc)) from None
            if got.will_close:
                self.close()
            lower = {}
            for name, value in got.getheaders():
                lower.setdefault(name.lower(), value)
            return Answer(got.status, lower, raw, (time.monotonic() - started) * 1000.0)
        raise Failed("no answer")


# --------------------------------------------------------------------------
# scenarios
# --------------------------------------------------------------------------


class Run:
    """One scenario against the server."""

    def __init__(self, scenario, options):
        self.scenario = scenario
        self.options = options
        self.client = Client(options)
        self.created = []
        self.created_lock = threading.Lock()
        self.requests = 0
        self.names = Vars(
            {
                "run_id": uuid.uuid4().hex[:10],
                "token": options.token,
                "base_url": options.base_url.rstrip("/"),
                "now": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            }
        )

    # -- one request ------------------------------------------------------

    def request(self, client, spec, names):
        method = spec["method"].upper()
        path = names.text(spec["path"])
        if spec.get("query"):
            query = urllib.parse.urlencode(
                {names.text(k): names.text(str(v)) for k, v in spec["query"].items()},
                quote_via=urllib.parse.quote,
            )
            path += ("&" if "?" in path else "?") + query
        path = urllib.parse.quote(path, safe="/?&=+%:@!$'()*,;~-._[]")
        headers = {}
        auth = spec.get("auth", "token")
        if auth == "token":
            if self.options.token:
                headers["Authorization"] = "Bearer " + self.options.token
        elif auth is not None and auth != "none":
            headers["Authorization"] = names.text(auth)
        headers["Accept"] = DEFAULT_CONTENT_TYPE
        body = None
        if "raw_body" in spec:
            body = names.text(spec["raw_body"]).encode("utf-8")
        elif "body" in spec:
            body = json.dumps(names.value(spec["body"]), ensure_ascii=False).encode("utf-8")
        if body is not None:
            headers["Content-Type"] = DEFAULT_CONTENT_TYPE
        for source in (self.scenario.get("headers") or {}, spec.get("headers") or {}):
            for name, value in source.items():
                for known in [have for have in headers if have.lower() == name.lower()]:
                    del headers[known]
                if value is not None:
                    if name.lower() == "content-type" and body is None and source is not spec.get("headers"):
                        continue
                    headers[name] = names.text(value)
        with self.created_lock:
            self.requests += 1
        answer = client.send(method, path, headers, body)
        self.note_created(method, path, answer)
        return method, path, answer

    def note_created(self, method, path, answer):
        """Remember what has to be removed afterwards."""
        document = answer.document
        if method != "POST" or not isinstance(document, dict):
            return
        bare = path.split("?", 1)[0].rstrip("/")
        if answer.status == 201 and isinstance(document.get("id"), str):
            with self.created_lock:
                self.created.append("%s/%s" % (bare, urllib.parse.quote(document["id"], safe="")))
        elif bare.lower().endswith("/bulk"):
            for entry in document.get("Operations") or []:
                location = entry.get("location") if isinstance(entry, dict) else None
                if location and str(entry.get("status")) == "201":
                    tail = urllib.parse.urlsplit(location).path.rstrip("/").split("/")[-2:]
                    with self.created_lock:
                        self.created.append("/" + "/".join(tail))

    # -- one step -----------------------------------------------------------

    def step(self, step, names, client):
        when = step.get("when")
        if when is not None:
            got = names.value(when["var"])
            if "equals" in when and not same(got, names.value(when["equals"])):
                return
        if step.get("pause_ms"):
            time.sleep(step["pause_ms"] / 1000.0)
        method, path, answer = self.request(client, step["request"], names)
        label = "%s %s" % (method, path)
        if self.options.verbose:
            print("    %-6s %s -> %d (%.0f ms)" % (method, path, answer.status, answer.millis))
        expect = step.get("expect") or {}
        try:
            self.check(answer, expect, names)
            for name, source in (step.get("capture") or {}).items():
                names.set(names.text(name), self.take(answer, source, names))
        except Failed as exc:
            tail = answer.raw.decode("utf-8", "replace").strip()
            shown = " | answer: " + short(" ".join(tail.split()), 300) if tail else ""
            raise Failed("%s -> %d: %s%s" % (label, answer.status, exc, shown)) from None

    def check(self, answer, expect, names):
        status = expect.get("status")
        if status is not None:
            allowed = status if isinstance(status, list) else [status]
            if answer.status not in allowed:
                raise Failed("expected status %s" % " or ".join(map(str, allowed)))
        if answer.unreadable:
            raise Failed("answer is not UTF-8 JSON: %s" % answer.unreadable)
        for name, rule in (expect.get("headers") or {}).items():
            value = answer.header(name)
            check_values("header %s" % name, [] if value is None else [value], names.value(rule))
        if "max_ms" in expect and answer.millis > expect["max_ms"]:
            raise Failed("answer took %.0f ms, more than %s" % (answer.millis, expect["max_ms"]))
        if expect.get("empty") and answer.raw.strip():
            raise Failed("expected an empty body")
        if expect.get("scim_error") and answer.status >= 400:
            check_error_body(answer.document, answer.status, expect["scim_error"])
        if expect.get("body"):
            if answer.document is None:
                raise Failed("expected a JSON body, got none")
            check_body(answer.document, expect["body"], names)
        if expect.get("body_if_present") and answer.document is not None:
            check_body(answer.document, expect["body_if_present"], names)

    def take(self, answer, source, names):
        if isinstance(source, dict):
            if "header" in source:
                value = answer.header(source["header"])
                if value is None:
                    raise Failed("no header %s to keep" % source["header"])
                return value
            nodes = find(answer.document, names.text(source["path"]))
            if source.get("all"):
                return nodes
            source = source["path"]
        nodes = find(answer.document, names.text(source))
        if not nodes:
            raise Failed("nothing at %s to keep" % names.text(source))
        return nodes[0]

    # -- the whole ------------------------------------------------------------

    def steps(self, steps):
        for number, step in enumerate(steps, 1):
            title = step.get("name") or "step %d" % number
            try:
                self.one(step)
            except Failed as exc:
                raise Failed("step %d (%s): %s" % (number, title, exc)) from None
            except KeyError as exc:
                raise BadScenario("step %d (%s): missing %s" % (number, title, exc)) from None

    def one(self, step):
        repeat = step.get("repeat")
        if not repeat:
            self.step(step, self.names, self.client)
            return
        first, count = int(repeat.get("from", 0)), int(repeat["count"])
        name, workers = repeat.get("var", "i"), int(repeat.get("parallel", 1))
        if workers <= 1:
            for index in range(first, first + count):
                self.step(step, self.names.child(**{name: str(index)}), self.client)
            return
        local = threading.local()
        opened, opened_lock = [], threading.Lock()

        def work(index):
            client = getattr(local, "client", None)
            if client is None:
                client = local.client = Client(self.options)
                with opened_lock:
                    opened.append(client)
            self.step(step, self.names.child(**{name: str(index)}), client)

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            jobs = [pool.submit(work, index) for index in range(first, first + count)]
            try:
                for job in jobs:
                    job.result()
            finally:
                for client in opened:
                    client.close()

    def clean(self):
        for step in self.scenario.get("cleanup") or []:
            try:
                self.request(self.client, step["request"], self.names)
            except (Failed, BadScenario, KeyError):
                pass
        headers = {"Accept": DEFAULT_CONTENT_TYPE}
        if self.options.token:
            headers["Authorization"] = "Bearer " + self.options.token
        for path in reversed(self.created):
            try:
                self.client.send("DELETE", path, headers, None)
            except Failed:
                pass
        self.client.close()


def load(places):
    files = []
    for place in places:
        if os.path.isdir(place):
            for folder, _, names in os.walk(place):
                files.extend(os.path.join(folder, name) for name in names if name.endswith(".json"))
        elif os.path.isfile(place):
            files.append(place)
        else:
            raise BadScenario("no such file or folder: %s" % place)
    scenarios, seen = [], {}
    for path in sorted(set(files)):
        with open(path, encoding="utf-8") as handle:
            try:
                document = json.load(handle)
            except ValueError as exc:
                raise BadScenario("%s: %s" % (path, exc)) from None
        for scenario in document.get("scenarios", [document]):
            name = scenario.get("name")
            if not name or not scenario.get("steps"):
                raise BadScenario("%s: a scenario needs a name and steps" % path)
            if name in seen:
                raise BadScenario("%s: scenario %s is also in %s" % (path, name, seen[name]))
            seen[name] = path
            scenarios.append(scenario)
    return scenarios


def server_features(options):
    """What /ServiceProviderConfig says is supported (None when it says nothing)."""
    client = Client(options)
    headers = {"Accept": DEFAULT_CONTENT_TYPE}
    if options.token:
        headers["Authorization"] = "Bearer " + options.token
    try:
        answer = client.send("GET", "/ServiceProviderConfig", headers, None)
    except Failed:
        return None
    finally:
        client.close()
    if answer.status != 200 or not isinstance(answer.document, dict):
        return None
    return {
        name: bool(part.get("supported"))
        for name, part in answer.document.items()
        if isinstance(part, dict) and "supported" in part
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--base-url", required=True, help="address below which /Users and /Groups lie")
    parser.add_argument("--token", default=os.environ.get("SCIM_TOKEN", ""), help="bearer token")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT",
                        help="run only scenarios whose name contains TEXT (repeatable)")
    parser.add_argument("--client", action="append", default=[], metavar="NAME",
                        help="run only scenarios of this client (repeatable)")
    parser.add_argument("--skip-unsupported", action="store_true",
                        help="skip scenarios that need a feature the ServiceProviderConfig denies")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for an answer")
    parser.add_argument("--insecure", action="store_true", help="do not check the TLS certificate")
    parser.add_argument("--json", metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--list", action="store_true", help="print the scenarios and stop")
    parser.add_argument("-x", "--stop", action="store_true", help="stop at the first failing scenario")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every request")
    parser.add_argument("places", nargs="+", metavar="DIR_OR_FILE")
    options = parser.parse_args(argv)

    try:
        scenarios = load(options.places)
        Client(options)
    except BadScenario as exc:
        print("error: %s" % exc, file=sys.stderr)
        return 2
    if options.only:
        scenarios = [s for s in scenarios if any(text in s["name"] for text in options.only)]
    if options.client:
        scenarios = [s for s in scenarios if s.get("client") in options.client]
    if not scenarios:
        print("error: no scenarios found", file=sys.stderr)
        return 2
    if options.list:
        for scenario in scenarios:
            print("%-10s %-50s %s" % (scenario.get("client", "-"), scenario["name"], scenario.get("title", "")))
        return 0

    features = server_features(options) if options.skip_unsupported else None
    passed = failed = skipped = 0
    results = []
    for scenario in scenarios:
        name = scenario["name"]
        lacking = [f for f in scenario.get("requires") or [] if features is not None and not features.get(f)]
        if lacking:
            skipped += 1
            print("SKIP  %s  (server denies: %s)" % (name, ", ".join(lacking)))
            results.append({"name": name, "result": "skip", "reason": ", ".join(lacking)})
            continue
        run = Run(scenario, options)
        started = time.monotonic()
        reason = None
        try:
            run.steps(scenario["steps"])
        except Failed as exc:
            reason = str(exc)
        except BadScenario as exc:
            reason = "the scenario is wrong: %s" % exc
        finally:
            run.clean()
        took = (time.monotonic() - started) * 1000.0
        if reason is None:
            passed += 1
            print("PASS  %s  (%d requests, %.0f ms)" % (name, run.requests, took))
        else:
            failed += 1
            print("FAIL  %s  %s" % (name, reason))
        sys.stdout.flush()
        results.append({"name": name, "client": scenario.get("client"), "result": "fail" if reason else "pass",
                        "reason": reason, "requests": run.requests, "ms": round(took)})
        if reason is not None and options.stop:
            break
    if options.json:
        with open(options.json, "w", encoding="utf-8") as handle:
            json.dump(results, handle, ensure_ascii=False, indent=1)
    if skipped:
        print("%d skipped" % skipped)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
