"""How long a server takes to refuse a secret, by how much of it is right.

Over one kept-alive connection, secrets of several kinds in a random order, each kind once in each round:

  last     a good secret but for its last character
  first    a good secret but for its first character
  other    nothing of a good secret
  fresh    the same, but another one for each request
  revoked  one that was good until it was revoked (an API key: deleted). Who shows it knew it, so it may differ; what differs
           shows what the test can see

Of the first three there are 15 secrets each, as the last character has no more. Checksums are right, so that all are looked
up. Says for each kind the median, and for each pair whether one takes longer: the probability that a request of the one took
longer than one of the other (0.5: no difference), Mann and Whitney's test of it, and between which bounds the difference is by
it, with a confidence of 95 %: what is smaller than these bounds, so many requests do not show.

  token_timing.py --url URL --good TOKEN --revoked TOKEN [--requests 5000] [--proxied] [--out FILE]

--proxied sends another X-Forwarded-For with each request, as of a client of its own, for servers that count wrong keys for
each address.
"""

import argparse
import base64
import gc
import hashlib
import itertools
import json
import math
import random
import secrets
import socket
import statistics
import time
import urllib.parse

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SECRET_CHARACTERS = 43
VARIANTS = 15
WARM_UP_ROUNDS = 200
KINDS = ("last", "first", "other", "fresh", "revoked")


def with_checksum(body):
    number = int.from_bytes(hashlib.sha256(body.encode()).digest()[:4], "big")
    text = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        text = BASE62[rest] + text
    return body + text


def random_secret(prefix):
    return with_checksum(prefix + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))


def variants(good, prefix, kind):
    secret = good[len(prefix) :][:SECRET_CHARACTERS]
    if kind == "last":
        # The last character has 4 bits.
        others = [c for c in BASE64URL[::4] if c != secret[-1]]
        return [with_checksum(prefix + secret[:-1] + c) for c in others]
    if kind == "first":
        others = random.sample([c for c in BASE64URL if c != secret[0]], VARIANTS)
        return [with_checksum(prefix + c + secret[1:]) for c in others]
    return [random_secret(prefix) for _ in range(VARIANTS)]


class Client:
    def __init__(self, url, proxied):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        self.addresses = itertools.count(secrets.randbelow(1_000_000)) if proxied else None

    def request(self, secret):
        head = self.head
        if self.addresses:
            # Addresses of one length.
            a, b, c = (f"{next(self.addresses) % 1_000_000:06}"[i : i + 2] for i in (0, 2, 4))
            head += f"X-Forwarded-For: 10.1{a}.1{b}.1{c}\r\n"
        return (head + f"Authorization: Bearer {secret}\r\n\r\n").encode()

    def time(self, request):
        """Nanoseconds to the end of the response, and its status."""
        begun = time.perf_counter_ns()
        self.socket.sendall(request)
        data = self.socket.recv(65536)
        while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + length(data[:end]):
            more = self.socket.recv(65536)
            if not more:
                raise SystemExit("the server closed the connection")
            data += more
        return time.perf_counter_ns() - begun, int(data[9:12])


def length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise SystemExit("a response says no length")


def measure(client, good, revoked, rounds):
    prefix = good[: good.index("_") + 1]
    pools = {kind: variants(good, prefix, kind) for kind in ("last", "first", "other")}
    pools["revoked"] = [revoked]
    if client.time(client.request(good))[1] != 200:
        raise SystemExit("the good secret is refused")
    order = []
    for _ in range(WARM_UP_ROUNDS + rounds):
        kinds = list(KINDS)
        random.shuffle(kinds)
        for kind in kinds:
            secret = random_secret(prefix) if kind == "fresh" else random.choice(pools[kind])
            order.append((kind, client.request(secret)))
    times = {kind: [] for kind in KINDS}
    gc.disable()
    for number, (kind, request) in enumerate(order):
        nanoseconds, status = client.time(request)
        if status != 401:
            raise SystemExit(f"{kind}: the answer is {status}, not 401")
        if number >= WARM_UP_ROUNDS * len(KINDS):
            times[kind].append(nanoseconds)
    gc.enable()
    return times


def mann_whitney(a, b):
    """The probability that one of `a` is above one of `b` (ties count half), z, and p for both sides."""
    both = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    ranks, ties, begin = 0.0, 0, 0
    while begin < len(both):
        end = begin
        while end < len(both) and both[end][0] == both[begin][0]:
            end += 1
        ranks += (begin + 1 + end) / 2 * sum(1 for _, group in both[begin:end] if group == 0)
        ties += (end - begin) ** 3 - (end - begin)
        begin = end
    n, m, all_of_them = len(a), len(b), len(both)
    u = ranks - n * (n + 1) / 2
    deviation = math.sqrt(n * m / 12 * (all_of_them + 1 - ties / (all_of_them * (all_of_them - 1))))
    z = (u - n * m / 2) / deviation
    return u / (n * m), z, math.erfc(abs(z) / math.sqrt(2))


def difference(a, b):
    """By how much `a` is above `b`, in nanoseconds: the bounds of 95 % of confidence."""

    def shift(z):  # by which `a` has to be moved down for this z
        low, high = -(10**9), 10**9
        while high - low > 10:
            middle = (low + high) // 2
            low, high = (middle, high) if mann_whitney([value - middle for value in a], b)[1] > z else (low, middle)
        return high

    return shift(1.96), shift(-1.96)


def report(times):
    print("| kind | requests | median µs | 10 % below | 90 % below |\n|---|---|---|---|---|")
    for kind in KINDS:
        tenths = statistics.quantiles(times[kind], n=10)
        print(f"| {kind} | {len(times[kind]):,} | {statistics.median(times[kind]) / 1e3:.1f} "
              f"| {tenths[0] / 1e3:.1f} | {tenths[8] / 1e3:.1f} |")
    print("\n| pair | P(first is longer) | z | p | difference µs, 95 % |\n|---|---|---|---|---|")
    pairs = []
    for a, b in itertools.combinations(KINDS, 2):
        probability, z, p = mann_whitney(times[a], times[b])
        low, high = difference(times[a], times[b])
        pairs.append({"pair": [a, b], "probability": probability, "z": z, "p": p, "nanoseconds": [low, high]})
        print(f"| {a}, {b} | {probability:.3f} | {z:+.2f} | {p:.2g} | {low / 1e3:+.1f} to {high / 1e3:+.1f} |")
    return pairs


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--good", required=True)
    arguments.add_argument("--revoked", required=True)
    arguments.add_argument("--requests", type=int, default=5000)
    arguments.add_argument("--proxied", action="store_true")
    arguments.add_argument("--out")
    given = arguments.parse_args()
    times = measure(Client(given.url, given.proxied), given.good, given.revoked, given.requests)
    pairs = report(times)
    if given.out:
        with open(given.out, "w", encoding="utf-8") as file:
            json.dump({"nanoseconds": times, "pairs": pairs}, file)


if __name__ == "__main__":
    main()
