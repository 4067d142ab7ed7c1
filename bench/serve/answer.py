"""What one request came to: when it was due, sent and answered, what the events said, how it failed."""
import json


class Answer:
    """Times are of time.perf_counter. `due` is when it should have been sent: latencies count from there, so that a
    generator that was late does not flatter the server."""

    def __init__(self, request, due):
        self.request, self.due = request, due
        self.sent = self.ended = None
        self.framing = None
        self.problem = None       # None, or the kind of error in a few words
        self.status = None
        self.retry_after = None
        self.text_times = []      # when each event that carries text came
        self.tokens = 0           # as the server counts them; an event may hold several
        self.prompt_tokens = None
        self.cached_tokens = 0

    @property
    def refused(self):
        return self.status == 429

    @property
    def complete(self):
        return self.problem is None and self.status == 200

    @property
    def first(self):
        """Seconds to the first text."""
        return self.text_times[0] - self.due

    @property
    def whole(self):
        return self.ended - self.due

    @property
    def per_token(self):
        """Mean seconds per token after the first event; None for a single token."""
        return (self.text_times[-1] - self.text_times[0]) / (self.tokens - 1) if self.tokens > 1 else None

    def gaps(self):
        """(begin, end) between neighbouring events with text."""
        return list(zip(self.text_times, self.text_times[1:]))

    def read(self):
        """Reads status, headers and events, once, and lets go of the bytes."""
        framing, self.framing = self.framing, None
        if framing is None or framing.status is None:
            self.problem = self.problem or "no answer"
            return
        self.status = framing.status
        if self.refused:
            self.retry_after = int(value) if (value := framing.headers.get("retry-after", "")).isdigit() else None
        elif self.status != self.request.status_expected:
            said = b"".join(data for _, data in framing.pieces)[:200].decode(errors="replace")
            self.problem = f"status {self.status}: {' '.join(said.split())}"
        elif self.status == 200:
            self._read_events(framing.pieces)

    def _read_events(self, pieces):
        finished = None
        ended = False
        usage = {}
        for when, data in events(pieces):
            if data == b"[DONE]":
                ended = True
                break
            try:
                event = json.loads(data)
                if event.get("error"):
                    self.problem = self.problem or f"error event: {str(event['error'])[:200]}"
                usage = event.get("usage") or usage
                for choice in event.get("choices") or []:
                    if choice.get("text") or (choice.get("delta") or {}).get("content"):
                        self.text_times.append(when)
                    elif choice.get("finish_reason"):
                        finished = when
            except (ValueError, AttributeError, TypeError):
                self.problem = self.problem or "event that is no JSON object"
        if not ended:
            self.problem = self.problem or "stream without [DONE]"
        if not self.text_times and finished:  # all of it was bytes that are no text yet: the end is its first sign
            self.text_times = [finished]
        if not self.text_times:
            self.problem = self.problem or "answer without an event"
        self.tokens = usage.get("completion_tokens") or 0
        self.prompt_tokens = usage.get("prompt_tokens")
        self.cached_tokens = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        if self.problem is None and not usage:
            self.problem = "answer without usage"


def events(pieces):
    """(time, data) of server-sent events; the time is that of the piece which completed the event."""
    rest = b""
    for when, data in pieces:
        rest = (rest + data).replace(b"\r\n", b"\n")
        *complete, rest = rest.split(b"\n\n")
        for block in complete:
            lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
            if lines:
                yield when, b"\n".join(lines)
