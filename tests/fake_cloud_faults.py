"""How the fake cloud misbehaves. A fault is `NAME`, `NAME-ARGUMENT`, and with `-times-K` it passes after K requests.

It is chosen by the model's name (`fault-reset-after-3`, `any/fault-500-times-2`) or for all requests by `control`.
"""
import dataclasses
import enum
import re

from fake_cloud_dialects import Frame, compact
from fake_cloud_text import Refused

MIB = 1024 * 1024
NEVER = -1


@dataclasses.dataclass(frozen=True)
class Kind:
    help: str
    argument: int | None = None   # what is meant without one; None: takes none
    streams_only: bool = False


STATUSES = (400, 401, 403, 404, 500, 502, 503, 504, 529)
FAULTS = {str(status): Kind(f"status {status}") for status in STATUSES} | {
    "429": Kind("status 429; Retry-After: N seconds", 1),
    "429-storm": Kind("429 for the first N requests, then all is well", 5),
    "expired-key": Kind("401 that says so"),
    "html": Kind("502 with a page of HTML, as a proxy sends it"),
    "redirect": Kind("307 to another host"),
    "garbage": Kind("bytes that are no HTTP"),
    "huge-header": Kind("a header of N KiB", 1024),
    "wrong-type": Kind("the right answer as text/html"),
    "hang": Kind("no answer at all"),
    "slow-first": Kind("N ms before the first byte", 800),
    "slow-body": Kind("the head at once, N ms before the body", 800),
    "slow-between": Kind("N ms between pieces", 100, True),
    "drip": Kind("the body in writes of N bytes, 1 ms between them", 1),
    "reset-after": Kind("connection reset after N pieces (whole answers: in mid body; 0: before the head)", 3),
    "close-after": Kind("orderly TCP end, as above", 3),
    "stall-after": Kind("nothing more, as above", 3),
    "error-after": Kind("an error event after N pieces (whole answers: 500)", 3),
    "early-end": Kind("the body ends after N pieces, HTTP's framing intact (whole answers: half the JSON)", 3),
    "half-frame": Kind("the body ends within the event after N pieces, HTTP's framing intact", 1),
    "truncated-body": Kind("fewer bytes than the framing announced, then the TCP end"),
    "bad-chunk": Kind("a chunk whose size is no number", None, True),
    "no-done": Kind("the stream ends without its last event", None, True),
    "empty": Kind("200 and nothing"),
    "wrong-json": Kind("an event, or the answer, that is no JSON"),
    "wrong-shape": Kind("JSON of no known form"),
    "bad-utf8": Kind("a piece that is not UTF-8"),
    "endless": Kind("pieces without end"),
    "huge-line": Kind("a piece of N MiB in one line", 16),
    "no-usage": Kind("no word about tokens"),
    "comments": Kind("a comment (Ollama: an empty line) before each event, which is allowed", None, True),
    "crlf": Kind("events with CR LF, which is allowed", None, True),
    "no-space": Kind("`data:` without a space, which is allowed", None, True),
}


class Then(enum.Enum):
    """What comes after the last byte."""
    END = "end"
    RESET = "reset"
    CLOSE = "close"
    STALL = "stall"


AFTER = {"reset-after": Then.RESET, "close-after": Then.CLOSE, "stall-after": Then.STALL}


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    argument: int = 0
    times: int = NEVER   # requests that it is for; NEVER ends


NONE = Fault("none")


def parse(text):
    """`reset-after-3-times-2`; ValueError with all names otherwise."""
    times = NEVER
    if found := re.fullmatch(r"(.+)-times-(\d{1,6})", text):
        text, times = found[1], int(found[2])
    argument = None
    if text not in FAULTS and (found := re.fullmatch(r"(.+)-(\d{1,9})", text)):
        text, argument = found[1], int(found[2])
    kind = FAULTS.get(text)
    if kind is None:
        raise ValueError(f"no fault {text!r}; there are {', '.join(FAULTS)}")
    if argument is not None and kind.argument is None:
        raise ValueError(f"fault {text} takes no number")
    argument = kind.argument if argument is None else argument
    if text == "429-storm":
        return Fault("429", 1, argument)
    return Fault(text, argument or 0, times)


def of_model(model):
    """The fault in a model's name, or NONE."""
    found = re.search(r"(?:^|[/:+])fault-(.*)$", model)
    if not found:
        return NONE
    try:
        return parse(found[1])
    except ValueError as error:
        raise Refused(404, f"The model `{model}` does not exist: {error}", param="model") from None


def refusal(fault):
    """Raises the error status that a fault stands for."""
    if fault.name == "429":
        raise Refused(429, "Rate limit reached.", headers={"Retry-After": str(fault.argument)})
    if fault.name == "expired-key":
        raise Refused(401, "Your API key has expired.", kind="invalid_api_key")
    if fault.name.isdigit():
        raise Refused(int(fault.name), f"The fake cloud was asked to answer {fault.name}.")


def break_json(data):
    """The same event without its last brace."""
    at = data.rindex(b"}")
    return data[:at] + data[at + 1:]


def dress(fault, data):
    """Forms that are unusual and allowed."""
    if fault.name == "crlf":
        return data.replace(b"\n", b"\r\n")
    if fault.name == "no-space":
        return data.replace(b"data: ", b"data:").replace(b"event: ", b"event:")
    if fault.name == "comments":
        return (b": keep-alive\n\n" if data.startswith((b"data", b"event")) else b"\n") + data
    return data


def odd_frame(fault, writer, frame):
    """What is sent in a place of the second piece."""
    if fault.name == "wrong-json":
        return Frame(break_json(frame.data))
    if fault.name == "wrong-shape":
        return Frame(re.sub(rb"\{.*\}", lambda _: compact({"type": 5, "choices": "soon", "message": 7}), frame.data))
    if fault.name == "bad-utf8":
        return Frame(writer.piece("@@").data.replace(b"@@", b"\xff\xc0"), 1)
    if fault.name == "huge-line":
        return writer.piece("a" * (fault.argument * MIB))
    return frame


def bend(fault, writer, frames):
    """The stream as the fault has it: Frames, and one Then at the end."""
    if fault.name == "empty":
        frames = ()
    if fault.name == "no-done":
        frames = list(frames)[:-1]
    limit = fault.argument if fault.name in (*AFTER, "error-after", "early-end", "half-frame") else NEVER
    sent = 0
    for frame in frames:
        if frame.tokens and fault.name == "half-frame" and sent >= limit:
            yield Frame(frame.data[:len(frame.data) // 2])
            break
        if frame.tokens and sent == 1:
            frame = odd_frame(fault, writer, frame)
        yield Frame(dress(fault, frame.data), frame.tokens)
        sent += frame.tokens
        if sent >= limit >= 0 and frame.tokens and fault.name != "half-frame":
            break
        while fault.name == "endless" and frame.tokens:
            yield writer.piece("more ")
    if fault.name == "error-after":
        yield writer.broken_off()
    yield AFTER.get(fault.name, Then.END)


def bend_whole(fault, writer, body):
    """(bytes to send, length to announce or None for an endless body, what then) of a whole answer."""
    half = body[:len(body) // 2]
    if fault.name in AFTER:
        return half, len(body), AFTER[fault.name]
    if fault.name == "truncated-body":
        return half, len(body), Then.CLOSE
    if fault.name in ("early-end", "half-frame"):
        return half, len(half), Then.END
    if fault.name == "endless":
        return half, None, Then.END
    changed = change_whole(fault, body)
    return changed, len(changed), Then.END


def change_whole(fault, body):
    """The body of a whole answer, sent to its end."""
    text_begins = rb'("(?:content|text)":")'
    match fault.name:
        case "empty":
            return b""
        case "wrong-json":
            return break_json(body)
        case "wrong-shape":
            return compact({"type": 5, "choices": "soon"})
        case "bad-utf8":
            return re.sub(text_begins, rb"\1" + b"\xff\xc0", body)
        case "huge-line":
            return re.sub(text_begins, lambda found: found[1] + b"a" * (fault.argument * MIB), body)
    return body
