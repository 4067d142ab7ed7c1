#!/usr/bin/env python3
"""A cloud of language models on 127.0.0.1: OpenAI's /v1/chat/completions, Anthropic's /v1/messages and Ollama's /api/chat,
whole and streamed, with usage, tools, rate limits, keys and an invoice. It keeps what it was sent, and misbehaves on request.

    with FakeCloud(keys=("sk-test",)) as cloud:
        ...                              # cloud.port, cloud.base_url
        cloud.control(fault="500-times-2", first_ms=20)
        cloud.exchanges                  # every request with its headers, body, outcome
        cloud.received()                 # every byte of every connection
        cloud.invoice()                  # what the cloud will charge, to be compared with a ledger

    fake_cloud.py --port 8090 --key sk-test      the same as a program: prints its port, serves until it is killed

A request names its fault with its model (fault-reset-after-3, any/fault-500-times-2; `--faults` lists them all), POST /control
sets one for all: {"fault": "stall-after-2"}, {"fault": null}. GET /control, /log and /invoice tell; POST /reset forgets.
fake_cloud_text.py says what is answered, fake_cloud_checks.py what is refused.
"""
import argparse
import asyncio
import base64
import contextlib
import dataclasses
import json
import ssl
import threading
import time

import fake_cloud_faults as faults
from fake_cloud_dialects import DIALECTS, Anthropic, Ollama, OpenAi, compact, stamp
from fake_cloud_faults import Then
from fake_cloud_http import ClientLeft, Connection, NoHttp
from fake_cloud_state import Exchange, Settings, check_changes, invoice_of
from fake_cloud_text import Refused, answer_to

FOR_EVER_S = 3600
ENDLESS_PAUSE_S = 0.0005


class FakeCloud:
    """Serves from a thread of its own between __enter__ and __exit__. `tls`: (certificate file, key file)."""

    def __init__(self, port=0, tls=None, **settings):
        self.settings = Settings()
        self.control(**settings)
        self.port = port
        self._tls = tls
        self._bugs = []  # ours: __exit__ raises them, so that no test passes over one
        self.reset()

    @property
    def base_url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def exchanges(self):
        return list(self._exchanges)

    def reset(self):
        """Forgets requests, bytes, counts and the invoice; open connections go on."""
        for connection in getattr(self, "_connections", {}).values():
            connection.forgotten = len(connection.received)  # it goes on, and so does what it brings
        self._exchanges, self._connections, self._closed_bytes = [], getattr(self, "_connections", {}), bytearray()
        self._fault_counts, self._windows, self._calls, self._connection_count = {}, {}, 0, 0

    def received(self):
        """All that came in, connection by connection, also what was no request."""
        return bytes(self._closed_bytes) + b"".join(
            bytes(connection.received[connection.forgotten:]) for connection in list(self._connections.values()))

    def wait_for(self, condition, seconds=10.0):
        """Waits until `condition(self)` holds; AssertionError if it does not."""
        deadline = time.monotonic() + seconds
        while not condition(self):
            if time.monotonic() > deadline:
                raise AssertionError(f"not so within {seconds} s: {[(e.model, e.status, e.outcome) for e in self.exchanges]}")
            time.sleep(0.005)

    def control(self, **changes):
        """Changes settings; ValueError names what is wrong, and then nothing is changed."""
        check_changes(changes)
        self.settings = dataclasses.replace(self.settings, **changes)
        if "fault" in changes:
            self._fault_counts = {}

    def invoice(self):
        """Per key and model: requests, tokens and exact dollars, as strings; and the total."""
        return invoice_of(self.exchanges, self.settings)

    def __enter__(self):
        started = threading.Event()
        self._failed = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), daemon=True)
        self._thread.start()
        started.wait()
        if self._failed:
            self._thread.join()
            raise self._failed
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._bugs:
            raise self._bugs[0]

    async def _run(self, started):
        self._loop, self._stop, self._tasks = asyncio.get_running_loop(), asyncio.Event(), set()
        try:
            context = None
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self._tls)
            server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context, backlog=1024)
        except (OSError, ValueError) as error:
            self._failed = error
            return
        finally:
            if self._failed is None and "server" in locals():
                self.port = server.sockets[0].getsockname()[1]
            started.set()
        async with server:
            await self._stop.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self._connection_count += 1
        number, connection = self._connection_count, Connection(reader, writer)
        self._connections[connection] = connection
        try:
            while await self._one(number, connection):
                pass
        except (ClientLeft, asyncio.CancelledError):
            pass
        except NoHttp as error:
            with contextlib.suppress(ClientLeft):
                await self._send_json(connection, 400, {"error": f"no HTTP: {error}"})
        except Exception as bug:
            self._bugs.append(bug)
        finally:
            connection.close()
            if self._connections.pop(connection, None):
                self._closed_bytes += connection.received[connection.forgotten:]
            self._tasks.discard(task)

    async def _one(self, number, connection):
        """Reads and answers one request; whether the connection stays."""
        request = await connection.read_request()
        path = request.path.split("?")[0]
        if path in ("/control", "/log", "/invoice", "/reset"):
            await self._manage(connection, request.method, path, request.body)
            return True
        exchange = Exchange(len(self._exchanges) + 1, number, request.method, path, request.headers, request.head, request.body,
                            time.monotonic())
        self._exchanges.append(exchange)
        try:
            stays = await self._answer(connection, request, exchange, path)
        except ClientLeft:
            exchange.outcome = "client left"
            raise
        finally:
            exchange.ended = time.monotonic()
        return stays and request.headers.get("connection", "").lower() != "close"

    async def _manage(self, connection, method, path, body):
        status, found = 200, {}
        try:
            if path == "/reset" and method == "POST":
                self.reset()
            elif path == "/control" and method in ("GET", "POST"):
                if method == "POST":
                    changes = json.loads(body)
                    if not isinstance(changes, dict):
                        raise ValueError("an object is expected")
                    self.control(**changes)
                found = dataclasses.asdict(self.settings)
            elif path == "/log" and method == "GET":
                found = [dataclasses.asdict(exchange) | {part: base64.b64encode(getattr(exchange, part)).decode() for part in
                                                         ("head", "body")} for exchange in self.exchanges]
            elif path == "/invoice" and method == "GET":
                found = self.invoice()
            else:
                status, found = 405, {"error": f"{method} is not for {path}"}
        except ValueError as error:
            status, found = 400, {"error": str(error)}
        await self._send_json(connection, status, found)

    @staticmethod
    async def _send_json(connection, status, value, headers=None):
        body = compact(value)
        await connection.send_head(status, {"Content-Type": "application/json", **(headers or {})}, len(body))
        await connection.send_piece(body)

    async def _answer(self, connection, request, exchange, path):
        guess = Ollama if path.startswith("/api/") else Anthropic if "anthropic-version" in request.headers else OpenAi
        dialect = DIALECTS.get(path, guess)
        exchange.dialect = dialect.name
        headers = {"request-id" if dialect is Anthropic else "x-request-id": f"req_fake{exchange.number:06d}"}
        try:
            self._authenticate(request.headers, exchange, dialect)
            if request.method == "GET" and path in ("/v1/models", "/api/tags", "/api/version"):
                await self._send_json(connection, 200, self._list(path, dialect), headers)
                exchange.status, exchange.outcome = 200, "complete"
                return True
            if path not in DIALECTS:
                raise Refused(404, f"Unknown request URL: {request.method} {path}.")
            if request.method != "POST":
                raise Refused(405, f"Not allowed to {request.method} on {path}.")
            asked = self._check(request, exchange, dialect)
            fault = self._fault_of(exchange, asked)
            headers |= self._rate_limit(exchange.key, dialect)
            faults.refusal(fault)
            return await self._say(connection, exchange, dialect, asked, fault, headers)
        except Refused as refused:
            exchange.status, exchange.outcome = refused.status, "refused"
            await self._send_json(connection, refused.status, dialect.error(refused.status, refused.message, refused.kind, refused.param),
                                  {**headers, **refused.headers})
            return True

    def _authenticate(self, headers, exchange, dialect):
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else ""
        if dialect is Anthropic:  # takes both forms; its SDK changed from one to the other
            given = headers.get("x-api-key", given)
        exchange.key = given
        if dialect.name == "ollama" and not given and not self.settings.ollama_needs_key:
            return
        if given in self.settings.expired_keys:
            raise Refused(401, "Your API key has expired.", kind="invalid_api_key")
        if given not in self.settings.keys:
            raise Refused(401, "Incorrect API key provided." if given else "You didn't provide an API key.")

    def _list(self, path, dialect):
        names = self.settings.models or ("fake-small", "fake-large")
        if path == "/api/version":
            return {"version": "0.0.0-fake"}
        if path == "/api/tags":
            return {"models": [{"name": name, "model": name, "modified_at": stamp(0), "size": 0, "digest": "", "details": {}} for name in names]}
        if dialect is Anthropic:
            return {"data": [{"type": "model", "id": name, "display_name": name, "created_at": stamp(0)} for name in names],
                    "has_more": False, "first_id": names[0], "last_id": names[-1]}
        return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in names]}

    def _check(self, request, exchange, dialect):
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            raise Refused(400, "We could not parse the JSON body of your request.") from None
        if not isinstance(body, dict):
            raise Refused(400, "The body of your request is not a JSON object.")
        asked = dialect.check(request.headers, body)
        exchange.model, exchange.stream = asked.model, asked.stream
        if self.settings.models is not None and asked.model not in self.settings.models:
            raise Refused(404, f"The model `{asked.model}` does not exist or you do not have access to it.", param="model")
        return asked

    def _fault_of(self, exchange, asked):
        fault = faults.of_model(asked.model)
        counter = asked.model if fault != faults.NONE else None  # each model's name has a count of its own
        if fault == faults.NONE and self.settings.fault:
            fault = faults.parse(self.settings.fault)
        if fault.times != faults.NEVER:
            count = self._fault_counts[counter] = self._fault_counts.get(counter, 0) + 1
            if count > fault.times:
                fault = faults.NONE
        if fault != faults.NONE:
            if faults.FAULTS[fault.name].streams_only and not asked.stream:
                raise Refused(400, f"fault {fault.name} is for streams only", param="model")
            exchange.fault = fault.name
        return fault

    def _rate_limit(self, key, dialect):
        """The headers that tell what is left of this key's window; Refused where nothing is."""
        now, limit, length = time.monotonic(), self.settings.requests_per_window, self.settings.window_s
        begin, used = self._windows.get(key, (now, 0))
        if now - begin >= length:
            begin, used = now, 0
        self._windows[key] = (begin, used + 1)
        left, wait = max(0, limit - used - 1), begin + length - now
        if dialect is Anthropic:
            found = {"anthropic-ratelimit-requests-limit": limit, "anthropic-ratelimit-requests-remaining": left,
                     "anthropic-ratelimit-requests-reset": stamp(time.time() + wait)}
        elif dialect is OpenAi:
            found = {"x-ratelimit-limit-requests": limit, "x-ratelimit-remaining-requests": left,
                     "x-ratelimit-reset-requests": f"{wait:.3f}s"}
        else:
            found = {}
        if used >= limit:
            raise Refused(429, "Rate limit reached.", headers={**found, "Retry-After": str(max(1, round(wait + 0.5)))})
        return found

    def _next_call_id(self, dialect):
        self._calls += 1
        return f"{'toolu' if dialect is Anthropic else 'call'}_fake{self._calls:06d}"

    async def _say(self, connection, exchange, dialect, asked, fault, headers):
        writer = dialect(exchange.number, int(time.time()), asked, with_usage=fault.name != "no-usage")
        answer = answer_to(asked, self.settings.answer, lambda: self._next_call_id(dialect))
        if fault.name == "hang":
            await self._then(connection, exchange, Then.STALL)
        await connection.pause((fault.argument if fault.name == "slow-first" else self.settings.first_ms) / 1000)
        if fault.name in faults.AFTER and fault.argument == 0:
            return await self._then(connection, exchange, faults.AFTER[fault.name])
        if fault.name == "garbage":
            await connection.send(b"\x16\x03\x01 220 not HTTP at all\r\n" * 4)
            return await self._then(connection, exchange, Then.CLOSE)
        if fault.name == "huge-header":
            headers["x-padding"] = "a" * (fault.argument * 1024)
        if fault.name in ("html", "redirect"):
            return await self._elsewhere(connection, exchange, fault, headers)
        exchange.status = 200
        if fault.name == "error-after" and not asked.stream:
            raise Refused(500, "The server had an error while processing your request.")
        content_type = "text/html" if fault.name == "wrong-type" else dialect.streams if asked.stream else "application/json"
        headers["Content-Type"] = content_type
        say = self._say_stream if asked.stream else self._say_whole
        return await say(connection, exchange, writer, answer, fault, headers)

    async def _elsewhere(self, connection, exchange, fault, headers):
        page = b"<html><body><h1>502 Bad Gateway</h1></body></html>" if fault.name == "html" else b""
        where = {"Location": "http://192.0.2.1/v1/chat/completions"} if fault.name == "redirect" else {"Content-Type": "text/html"}
        exchange.status, exchange.outcome = 307 if fault.name == "redirect" else 502, "refused"
        await connection.send_head(exchange.status, {**headers, **where}, len(page))
        await connection.send_piece(page)
        return True

    async def _say_whole(self, connection, exchange, writer, answer, fault, headers):
        exchange.prompt_tokens, exchange.completion_tokens = answer.prompt_tokens, answer.completion_tokens
        data, length, then = faults.bend_whole(fault, writer, compact(writer.whole(answer)))
        await connection.send_head(200, headers, length)
        await connection.pause(fault.argument / 1000 if fault.name == "slow-body" else 0)
        if then is Then.END and length is not None:
            exchange.outcome = "complete"  # before the client can see it
        await connection.send_piece(data, drip=fault.argument if fault.name == "drip" else 0)
        while length is None:
            await connection.send_piece(b"and so on " * 100)
            await connection.pause(ENDLESS_PAUSE_S)
        return await self._then(connection, exchange, then)

    async def _say_stream(self, connection, exchange, writer, answer, fault, headers):
        exchange.prompt_tokens = answer.prompt_tokens
        await connection.send_head(200, {"Cache-Control": "no-cache", **headers})
        await connection.pause(fault.argument / 1000 if fault.name == "slow-body" else 0)
        between = (fault.argument if fault.name == "slow-between" else self.settings.between_ms) / 1000
        if fault.name == "endless":
            between = max(between, ENDLESS_PAUSE_S)
        for frame in faults.bend(fault, writer, writer.frames(answer)):
            if isinstance(frame, Then):
                if frame is Then.END:
                    exchange.outcome = "complete"  # before the client can see it
                    await connection.send_end()
                return await self._then(connection, exchange, frame)
            if exchange.completion_tokens and frame.tokens:
                await connection.pause(between)
            if fault.name in ("bad-chunk", "truncated-body") and exchange.completion_tokens:
                size = b"zz" if fault.name == "bad-chunk" else b"%x" % (len(frame.data) + 1000)
                await connection.send(size + b"\r\n" + frame.data)
                return await self._then(connection, exchange, Then.CLOSE)
            await connection.send_piece(frame.data, drip=fault.argument if fault.name == "drip" else 0)
            exchange.completion_tokens += frame.tokens
        raise AssertionError("a stream without an end")

    @staticmethod
    async def _then(connection, exchange, then):
        if then is Then.END:
            exchange.outcome = "complete"
            return True
        exchange.outcome = "broken by a fault"
        if then is Then.STALL:
            await connection.pause(FOR_EVER_S)
        if then is Then.RESET:
            connection.reset()
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--key", action="append", help="API keys that are right (sk-fake)")
    parser.add_argument("--fault", help="for every request")
    parser.add_argument("--faults", action="store_true", help="list the faults and leave")
    parser.add_argument("--certificate", help="with --certificate-key: TLS")
    parser.add_argument("--certificate-key")
    arguments = parser.parse_args()
    if arguments.faults:
        for name, kind in faults.FAULTS.items():
            print(f"fault-{name + ('-N' if kind.argument is not None else ''):20s} {kind.help}"
                  f"{f' ({kind.argument})' if kind.argument is not None else ''}{'; streams only' if kind.streams_only else ''}")
        return
    if bool(arguments.certificate) != bool(arguments.certificate_key):
        parser.error("--certificate and --certificate-key go together")
    tls = (arguments.certificate, arguments.certificate_key) if arguments.certificate else None
    try:
        settings = {"keys": tuple(arguments.key)} if arguments.key else {}
        with FakeCloud(arguments.port, tls, fault=arguments.fault, **settings) as cloud:
            print(cloud.port, flush=True)
            threading.Event().wait()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
