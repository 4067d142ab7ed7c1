"""What the fake cloud knows: its settings, what it was asked, and what that costs."""
import dataclasses
import decimal
import json

import fake_cloud_faults as faults


@dataclasses.dataclass
class Settings:
    """What `control` can change. Prices are dollars per million tokens, (prompt, answer)."""
    keys: tuple = ("sk-fake",)
    expired_keys: tuple = ("sk-expired",)
    models: tuple | None = None         # None: every name is a model
    ollama_needs_key: bool = False
    fault: str | None = None            # for every request; one in the model's name goes first
    answer: str | None = None           # said instead of the echo
    first_ms: float = 0.0               # before the head
    between_ms: float = 0.0             # between pieces of a stream
    requests_per_window: int = 10_000   # per key
    window_s: float = 60.0
    prices: dict = dataclasses.field(default_factory=dict)
    price: tuple = ("1", "4")           # of models that `prices` has not


@dataclasses.dataclass
class Exchange:
    """One request and what became of it. Times are of time.monotonic()."""
    number: int
    connection: int
    method: str
    path: str
    headers: dict
    head: bytes
    body: bytes
    started: float
    dialect: str = ""
    key: str = ""
    model: str = ""
    fault: str = ""
    stream: bool = False
    status: int = 0
    prompt_tokens: int = 0              # 0 where nothing is charged
    completion_tokens: int = 0          # that were sent
    outcome: str = "open"               # then: complete, refused, broken by a fault, client left
    ended: float = 0.0

    @property
    def json(self):
        return json.loads(self.body)


def money(price):
    return tuple(decimal.Decimal(str(part)) for part in price)


def check_changes(changes):
    """ValueError names the first of `changes` to Settings that is wrong."""
    kinds = {field.name: type(getattr(Settings(), field.name)) for field in dataclasses.fields(Settings)}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"no setting {name!r}; there are {', '.join(kinds)}")
        kind = kinds[name]
        wanted = {tuple: (list, tuple), float: (int, float), type(None): (str, list, tuple)}.get(kind, kind)
        if not (isinstance(value, wanted) and isinstance(value, bool) == (kind is bool) or value is None and kind is type(None)):
            raise ValueError(f"setting {name}: {value!r} is of the wrong type")
        if kind in (int, float) and value < 0 or name == "window_s" and value == 0:
            raise ValueError(f"setting {name}: {value!r} is too small")
    if changes.get("fault") is not None:
        faults.parse(changes["fault"])
    for price in [*changes.get("prices", {}).values(), *([changes["price"]] if "price" in changes else [])]:
        try:
            prompt, answer = money(price)
        except (decimal.InvalidOperation, TypeError, ValueError):
            raise ValueError(f"no price: {price!r}; two numbers are expected, dollars per million tokens") from None
        if not (prompt >= 0 and answer >= 0 and prompt.is_finite() and answer.is_finite()):
            raise ValueError(f"no price: {price!r} is negative or not finite")


def invoice_of(exchanges, settings):
    lines = {}
    for exchange in exchanges:
        if exchange.prompt_tokens == 0:
            continue
        line = lines.setdefault((exchange.key, exchange.model), {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0})
        line["requests"] += 1
        line["prompt_tokens"] += exchange.prompt_tokens
        line["completion_tokens"] += exchange.completion_tokens
    total, found = decimal.Decimal(0), []
    for (key, model), line in sorted(lines.items()):
        prompt, answer = money(settings.prices.get(model, settings.price))
        dollars = (line["prompt_tokens"] * prompt + line["completion_tokens"] * answer) / 1_000_000
        total += dollars
        found.append({"key": key, "model": model, **line, "dollars": f"{dollars:f}"})
    return {"lines": found, "dollars": f"{total:f}"}
