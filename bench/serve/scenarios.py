"""What compare.py asks of every server. Each scenario is a function of a Load and gives an object of figures."""
import random
import statistics

import arrivals
import load
import loops

CONTEXT_SHORT = 1280  # of each sequence: 1000 + 20 + 64 tokens fit
CONTEXT_LONG = 4608   # 4000 + some


class Load:
    """A server under load. `quick` makes everything small; `seed` is another in every round, or answers come from memory."""

    def __init__(self, server, seed, quick=False, limits=(1000.0, 100.0), timeout=300.0):
        self.server, self.seed, self.quick, self.limits, self.timeout = server, seed, quick, limits, timeout
        self.drawn = 0

    def writer(self, shared=0):
        self.drawn += 1
        return arrivals.Writer(random.Random(f"{self.seed} {self.drawn}"), shared=shared)

    def measure(self, requests, **how):
        found = load.measure(loops.Target(self.server.port, timeout=self.timeout), requests, pid=self.server.pid, first_ms=self.limits[0],
                             between_ms=self.limits[1], **how)
        self.server.check()
        return found

    def requests(self, count, prompt_tokens, answer_tokens):
        writer = self.writer()
        return [writer.request(prompt_tokens, answer_tokens) for _ in range(count)]


def warm_up(load_):
    load_.measure(load_.requests(2, 64, 8), clients=2)


def many(load_):
    """16 clients, 200-token prompts, 64 out."""
    return load_.measure(load_.requests(16 if load_.quick else 64, 200, 64), clients=16)


def one(load_):
    """The same, one at a time."""
    return load_.measure(load_.requests(2 if load_.quick else 8, 200, 64), clients=1)


def middle(values):
    """The median of those that are there; a request that failed has none."""
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None


def shared(load_):
    """1,000 tokens in common and 20 of one's own: the first who brings them, the next, and eight at once."""
    cold, warm, cached = [], [], []
    parts = []
    for _ in range(1 if load_.quick else 3):
        writer = load_.writer(shared=1000)
        first = load_.measure([writer.request(20, 16)], clients=1)
        next_ = load_.measure([writer.request(20, 16) for _ in range(2 if load_.quick else 5)], clients=1)
        cold.append(first["first_token_ms"]["p50"])
        warm.append(next_["first_token_ms"]["p50"])
        cached.append(next_["cached_tokens"] / max(1, next_["requests"]))
        parts += [first, next_]
    together = load_.measure([writer.request(20, 16) for _ in range(8 if load_.quick else 24)], clients=8)
    errors = {}
    for part in [*parts, together]:
        errors |= part["errors"]
    return {"cold_first_token_ms": middle(cold), "warm_first_token_ms": middle(warm),
            "warm_cached_tokens": statistics.median(cached), "together": together, "errors": errors,
            "tokens_missing": sum(part["tokens_missing"] for part in [*parts, together])}


def long(load_):
    """A prompt of 4,000 tokens among 8 streams."""
    streams = load_.requests(8, 64, 96 if load_.quick else 384)
    intruder = load_.writer().request(1000 if load_.quick else 4000, 1, counts=False)
    return load_.measure(streams, clients=8, extra=(0.2, intruder))


# Name -> what runs on one start of a server, and with how much room for each sequence.
GROUPS = {
    "short": (CONTEXT_SHORT, {"many": many, "one": one, "shared": shared}),
    "long": (CONTEXT_LONG, {"long": long}),
}
