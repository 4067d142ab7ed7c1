"""The fake cloud's HTTP/1.1: one connection, every byte it received kept, and answers that may be wrong on purpose.

A task reads the socket all the time, so that a client that leaves is noticed while an answer waits.
"""
import asyncio
import contextlib
import dataclasses
import socket
import struct

HEAD_BYTES_MAX = 1024 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024
REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
           529: "Overloaded"}


class ClientLeft(Exception):
    """The other side closed the connection, or broke it."""


class NoHttp(Exception):
    """What came in is no request."""


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict   # lower-case names; a header that comes twice is joined with ", "
    head: bytes     # as received, with the empty line
    body: bytes     # without HTTP's framing


class Connection:
    """One client. `received` is everything it ever sent, in order."""

    def __init__(self, reader, writer):
        self.received = bytearray()
        self.forgotten = 0  # bytes of it that nobody asks for any more
        self.peer = writer.get_extra_info("peername")
        self._reader, self._writer = reader, writer
        self._at = 0                       # what lies before was read as requests
        self._more = asyncio.Event()
        self._gone = asyncio.Event()
        self._chunked = False
        self._pump = asyncio.ensure_future(self._receive())
        raw = writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _receive(self):
        with contextlib.suppress(OSError):
            while data := await self._reader.read(1 << 16):
                self.received += data
                self._more.set()
        self._gone.set()
        self._more.set()

    async def _wait_for_more(self):
        if self._gone.is_set():
            raise ClientLeft
        self._more.clear()
        await self._more.wait()

    async def _through(self, mark, most):
        """Bytes up to and with `mark`."""
        while (end := self.received.find(mark, self._at)) < 0:
            if len(self.received) - self._at > most:
                raise NoHttp(f"no {mark!r} within {most} bytes")
            await self._wait_for_more()
        found = bytes(self.received[self._at:end + len(mark)])
        self._at = end + len(mark)
        return found

    async def _exactly(self, count):
        while len(self.received) - self._at < count:
            await self._wait_for_more()
        found = bytes(self.received[self._at:self._at + count])
        self._at += count
        return found

    async def read_request(self):
        """The next request; ClientLeft where there is none, NoHttp where it is something else."""
        head = await self._through(b"\r\n\r\n", HEAD_BYTES_MAX)
        lines = head.decode("latin-1").split("\r\n")[:-2]
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise NoHttp(f"no request line: {lines[0][:80]!r}")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise NoHttp(f"no header: {line[:80]!r}")
            name, value = name.lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        if headers.get("expect", "").lower() == "100-continue":
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(parts[0], parts[1], headers, head, await self._read_body(headers))

    async def _read_body(self, headers):
        try:
            if headers.get("transfer-encoding", "").lower() != "chunked":
                length = int(headers.get("content-length", "0"))
                if not 0 <= length <= BODY_BYTES_MAX:
                    raise NoHttp(f"a body of {length} bytes")
                return await self._exactly(length)
            body = b""
            while size := int((await self._through(b"\r\n", 64)).split(b";")[0], 16):
                if not 0 < size <= BODY_BYTES_MAX - len(body):
                    raise NoHttp(f"a chunk of {size} bytes")
                body += await self._exactly(size)
                if await self._exactly(2) != b"\r\n":
                    raise NoHttp("a chunk longer than it says")
            while await self._through(b"\r\n", HEAD_BYTES_MAX) != b"\r\n":
                pass  # trailers
            return body
        except ValueError as error:
            raise NoHttp(str(error)) from None

    async def pause(self, seconds):
        """Waits; ClientLeft as soon as the client leaves."""
        if seconds > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
        if self._gone.is_set():
            raise ClientLeft

    async def send(self, data):
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise ClientLeft from None
        if self._gone.is_set():
            raise ClientLeft

    async def send_head(self, status, headers, length=None):
        """`length` None: the body comes in chunks, by send_piece and send_end."""
        self._chunked = length is None
        framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{name}: {value}" for name, value in
                                                                       [*headers.items(), framing])]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def send_piece(self, data, drip=0):
        """A piece of the body; `drip`: so many bytes at a time, a millisecond between them."""
        for piece in ([data[at:at + drip] for at in range(0, len(data), drip)] if drip else [data]):
            await self.send(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
            if drip:
                await self.pause(0.001)

    async def send_end(self):
        if self._chunked:
            await self.send(b"0\r\n\r\n")

    def reset(self):
        """The client sees "connection reset", not an orderly end."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self):
        self._pump.cancel()
        with contextlib.suppress(OSError):
            self._writer.close()
