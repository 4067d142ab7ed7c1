"""Sends requests and gathers answers: a closed loop (so many people, each asks again when answered) and an open one
(whoever comes, comes)."""
import asyncio
import contextlib
import gc
import time

from answer import Answer
from http_stream import LOST, Connection, Framing

EVENTS_BEFORE_EXTRA = 16


class Target:
    """Where the requests go, and how. `timeout`: seconds for a whole answer."""

    def __init__(self, port, host="127.0.0.1", key="none", path="/v1/completions", keep_alive=False, timeout=300.0):
        self.host, self.port, self.path = host, port, path
        self.keep_alive, self.timeout = keep_alive, timeout
        self.running = set()  # framings of the answers under way
        self._idle = []
        self._head = (f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
                      f"Authorization: Bearer {key}\r\nConnection: {'keep-alive' if keep_alive else 'close'}\r\n"
                      "Content-Length: ").encode()

    async def ask(self, request, due=None):
        """One request to its end. `due`: when it should have gone out; now if None."""
        now = time.perf_counter()
        answer = Answer(request, now if due is None else due)
        answer.sent = now
        connection = None
        while connection is None or (was_used and answer.problem in LOST and framing.untouched):
            # A server may end an idle connection in the moment in which it is used again: that is no failure of the
            # request, every client asks once more. The time goes on.
            try:
                connection, was_used = await self._connection(now + self.timeout)
            except (OSError, asyncio.TimeoutError) as error:
                answer.problem = f"no connection: {type(error).__name__}"
                answer.ended = time.perf_counter()
                return answer
            answer.framing = framing = Framing()
            await self._exchange(connection, answer, now + self.timeout)
        answer.ended = framing.pieces[-1][0] if framing.pieces else time.perf_counter()
        if self.keep_alive and framing.kept and answer.problem is None:
            self._idle.append(connection)
        else:
            connection.transport.abort() if answer.problem else connection.transport.close()
        return answer

    async def _exchange(self, connection, answer, deadline):
        request = answer.request
        timer = asyncio.get_running_loop().call_later(deadline - time.perf_counter(), connection.abort, "timeout")
        self.running.add(answer.framing)
        head = self._head + str(len(request.body)).encode() + b"\r\n\r\n"
        answer.problem = await connection.answer(head + request.body, answer.framing, request.hang_up_after)
        self.running.discard(answer.framing)
        timer.cancel()

    async def _connection(self, deadline):
        """A connection, and whether it was used before."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection, True
        make = asyncio.get_running_loop().create_connection(Connection, self.host, self.port)
        return (await asyncio.wait_for(make, max(0.001, deadline - time.perf_counter())))[1], False

    def close(self):
        while self._idle:
            self._idle.pop().transport.close()


async def closed_loop(target, requests, clients, extra=None):
    """Answers in the order in which they ended. `extra`: (seconds, request) that comes besides, once, after so long and
    when each client is in the middle of an answer; it does not come where no such moment was."""
    left, answers = iter(requests), []

    async def client():
        for request in left:
            answers.append(await target.ask(request))

    async def besides(after, request):
        await asyncio.sleep(after)
        while len(target.running) < clients or any(len(framing.pieces) < EVENTS_BEFORE_EXTRA for framing in target.running):
            await asyncio.sleep(0.02)
        answers.append(await target.ask(request))

    intruder = asyncio.create_task(besides(*extra)) if extra else None
    await asyncio.gather(*(client() for _ in range(clients)))
    if intruder:
        if not target.running:
            intruder.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await intruder
    return answers


async def open_loop(target, requests):
    """Every request has its due time, fixed before the start: a slow server does not slow the arrivals, and an arrival
    that the generator could not send on time counts from when it was due."""
    answers, tasks = [], []

    async def one(request, due):
        answers.append(await target.ask(request, due))

    begin = time.perf_counter() + 0.05
    for request in requests:
        due = begin + request.due
        while (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(request, due)))
    await asyncio.gather(*tasks)
    return answers


def run(loop_coroutine):
    """The loop's answers, read. Python's collector is off meanwhile: its pauses would be counted as the server's."""
    gc.collect()
    gc.disable()
    try:
        answers = asyncio.run(loop_coroutine)
    finally:
        gc.enable()
    return answers


def read(answers):
    for answer in answers:
        answer.read()
    return answers
