"""What is asked and when: due times of a Poisson process, lengths from a distribution. All from one seed."""
import json
import math

DISTRIBUTIONS = "N | fixed:N | uniform:LOW:HIGH | lognormal:MEDIAN:SIGMA[:MAX]"


def poisson(rng, rate, seconds):
    """Due times, seconds from the start, of arrivals that know nothing of each other: `rate` a second on average."""
    due = rng.expovariate(rate)
    times = []
    while due < seconds:
        times.append(due)
        due += rng.expovariate(rate)
    return times


def exactly(rng, count, seconds):
    """Due times of a Poisson process of which it is known that `count` came: each falls anywhere."""
    return sorted(rng.random() * seconds for _ in range(count))


def lengths(text):
    """The function that draws a length of at least 1: `text` is one of DISTRIBUTIONS. ValueError says what is wrong."""
    kind, *numbers = text.split(":") if ":" in text else ("fixed", text)
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        raise ValueError(f"'{text}' is no distribution of lengths: {DISTRIBUTIONS}") from None
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"'{text}': lengths are finite")
    if kind == "fixed" and len(values) == 1 and values[0] >= 1:
        return lambda rng: int(values[0])
    if kind == "uniform" and len(values) == 2 and 1 <= values[0] <= values[1]:
        return lambda rng: rng.randint(int(values[0]), int(values[1]))
    if kind == "lognormal" and len(values) in (2, 3) and values[0] >= 1 and values[1] >= 0:
        most = values[2] if len(values) == 3 else math.inf
        return lambda rng: int(max(1, min(most, round(rng.lognormvariate(math.log(values[0]), values[1])))))
    raise ValueError(f"'{text}' is no distribution of lengths: {DISTRIBUTIONS}")


class Writer:
    """Makes requests of random token ids, no two alike beyond a shared beginning; the JSON is ready before the clock runs."""

    def __init__(self, rng, model="any", lowest=1000, highest=30000, shared=0):
        self.rng, self.model, self.lowest, self.highest = rng, model, lowest, highest
        self.shared = self.ids(shared)

    def ids(self, count):
        return [self.rng.randrange(self.lowest, self.highest) for _ in range(count)]

    def request(self, prompt_tokens, answer_tokens, due=None, **more):
        prompt = self.shared + self.ids(prompt_tokens)
        body = {"model": self.model, "prompt": prompt, "max_tokens": answer_tokens, "stream": True, "temperature": 0,
                "ignore_eos": True, "stream_options": {"include_usage": True}}
        return Request(json.dumps(body).encode(), len(prompt), answer_tokens, due, **more)


class Request:
    """One request and what is expected of it. `due`: seconds from the start of an open loop, None in a closed one."""

    __slots__ = ("body", "prompt_tokens", "answer_tokens", "due", "counts", "hang_up_after", "status_expected")

    def __init__(self, body, prompt_tokens, answer_tokens, due=None, counts=True, hang_up_after=0, status_expected=200):
        self.body, self.prompt_tokens, self.answer_tokens, self.due = body, prompt_tokens, answer_tokens, due
        self.counts = counts                    # False: the intruder, whose times are shown apart
        self.hang_up_after = hang_up_after      # hang up once so many pieces of the answer have come; 0: never
        self.status_expected = status_expected  # a request that is wrong on purpose is answered with this
