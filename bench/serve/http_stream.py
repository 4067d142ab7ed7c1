"""HTTP/1.1 answers as they come in, cheaply: the load generator shares the cores of the server that it measures.

While the clock runs, each piece of an answer costs one time stamp and the search for where its chunk ends. What the
pieces say is read after the run (answer.py).
"""
import asyncio
import time

HEAD_BYTES_MAX = 64 * 1024
LOST = ("connection reset", "connection ended early")


class Framing:
    """Finds head, pieces and end of one answer in what a connection delivers; ValueError where it is no HTTP/1.1."""

    def __init__(self):
        self.status = None
        self.headers = {}
        self.pieces = []    # (time of arrival, bytes of the body)
        self.done = False
        self.kept = False   # the connection may be used again
        self._buffer = b""
        self._left = None   # bytes to come of the body or of the chunk; None: until the connection ends
        self._chunked = False

    def feed(self, data, now):
        self._buffer = self._buffer + data if self._buffer else data
        if self.status is None and not self._take_head():
            return
        if self._chunked:
            self._take_chunks(now)
        elif self._buffer:
            self.pieces.append((now, self._buffer))
            if self._left is not None:
                self._left -= len(self._buffer)
            self._buffer = b""
        if not self._chunked and self._left is not None and self._left <= 0:
            self.done = True

    @property
    def untouched(self):
        """Whether not a byte has come."""
        return self.status is None and not self._buffer

    def end(self):
        """The connection ended. Whether that is the end of the answer, too."""
        self.kept = False
        if self.status is not None and not self._chunked and self._left is None:
            self.done = True
        return self.done

    def _take_head(self):
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise ValueError("the answer's head does not end")
            return False
        first, *rest = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4:]
        version, status, *_ = first.split(" ") + [""]
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise ValueError(f"no HTTP status in '{first[:80]}'")
        self.status = int(status)
        for line in rest:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length")
        self._left = int(length) if length is not None and not self._chunked else None
        framed = self._chunked or self._left is not None
        self.kept = framed and self.headers.get("connection", "").lower() != "close" and version != "HTTP/1.0"
        return True

    def _take_chunks(self, now):
        """Chunks that are complete. One that comes in two parts counts when the second is here."""
        buffer, at = self._buffer, 0
        while True:
            line = buffer.find(b"\r\n", at)
            if line < 0:
                break
            size = int(buffer[at:line].split(b";")[0], 16)
            if size == 0:
                if buffer.find(b"\r\n", line + 2) < 0:
                    break
                self.done = True
                at = len(buffer)
                break
            if len(buffer) < line + 2 + size + 2:
                break
            self.pieces.append((now, buffer[line + 2:line + 2 + size]))
            at = line + 2 + size + 2
        self._buffer = buffer[at:]


class Connection(asyncio.Protocol):
    """One connection, one answer at a time."""

    def __init__(self):
        self.transport = None
        self.closed = False
        self._framing = self._over = None
        self._hang_up_after = 0

    def connection_made(self, transport):
        self.transport = transport

    async def answer(self, request_bytes, framing, hang_up_after=0):
        """Sends and waits until the answer is complete. Returns None or how it went wrong."""
        self._framing, self._hang_up_after = framing, hang_up_after
        self._over = asyncio.get_running_loop().create_future()
        self.transport.write(request_bytes)
        try:
            return await self._over
        finally:
            self._framing = self._over = None

    def data_received(self, data):
        now = time.perf_counter()
        framing = self._framing
        if framing is None:  # bytes that nobody asked for
            self.transport.abort()
            return
        try:
            framing.feed(data, now)
        except ValueError as error:
            self._finish(f"not HTTP: {error}")
            return
        if framing.done:
            self._finish(None)
        elif self._hang_up_after and len(framing.pieces) >= self._hang_up_after:
            self.transport.abort()
            self._finish("hung up")

    def connection_lost(self, error):
        self.closed = True
        if self._framing is not None:
            complete = self._framing.end()
            self._finish(None if complete else LOST[0] if error else LOST[1])

    def abort(self, reason):
        self.transport.abort()
        self._finish(reason)

    def _finish(self, problem):
        if self._over is not None and not self._over.done():
            self._over.set_result(problem)
