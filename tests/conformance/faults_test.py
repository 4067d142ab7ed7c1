#!/usr/bin/env python3
"""Goal: two thousand people may be connected, and faults of one client or of the machine are nobody else's.
Method: a real server with the default model, and sockets that wait, trickle, hang up, never read, come in thousands or
pipeline; a server that is terminated, stopped and continued, short of files, and short of memory in a control group."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402

PEOPLE = 2000
BYTES_EACH_MAX = 20_000
STOPPED_SECONDS = float(os.environ.get("CROFT_TEST_STOPPED_SECONDS", "3"))
GET = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def completion(tokens, **more):
    return {"model": "any", "prompt": "Once upon a time", "max_tokens": tokens, "temperature": 0, "ignore_eos": True, **more}


def post(body, path="/v1/completions"):
    data = json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data


def connect(server):
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def read_answer(peer):
    """Status, headers and body of one answer with a Content-Length; the status is 0 where the peer closed before."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = peer.recv(65536)
        if not got:
            return 0, {}, data
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        got = peer.recv(65536)
        if not got:
            return 0, headers, body
        body += got
    return int(lines[0].split()[1]), headers, body


def read_until(peer, end):
    data = b""
    while end not in data:
        got = peer.recv(65536)
        if not got:
            raise AssertionError(f"closed before {end!r}: ...{data[-300:]!r}")
        data += got
    return data


def read_to_the_end(peer):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while got := peer.recv(65536):
            data += got
    return data


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def anonymous_bytes(server):
    """Resident memory that is the process's own: pages of the model's file come and go with what was computed."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no RssAnon")


def eventually(condition, seconds_max=15):
    deadline = time.monotonic() + seconds_max
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


@contextlib.contextmanager
def started_by(commands):
    """Servers begin with these lines of shell: limits and groups that only the process itself can take on."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "croft"
        script.write_text(f'#!/bin/sh\nset -e\n{commands}\nexec "{harness.BINARY}" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        with unittest.mock.patch.object(harness, "BINARY", script):
            yield


class Many(unittest.TestCase):
    """Two thousand connections; a server of its own, whose memory nobody else moves."""

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < PEOPLE + 500:
            raise unittest.SkipTest(f"the hard limit of open files is {hard}: too few for {PEOPLE} connections")
        # The server must raise its limit by itself: it inherits the usual one.
        with started_by("ulimit -S -n 1024"):
            cls.server = harness.Server(harness.DEFAULT_MODEL, "--context", "512", "--queue", str(2 * PEOPLE), "--parallel", "2",
                                        "--prefix-cache", "0", "--queue-wait", "0")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * PEOPLE + 500), hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        cls.server.post("/v1/completions", completion(4))

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        if status != 0:
            raise AssertionError(f"croft serve ended with {status}: {cls.server.log()}")

    def connect_all(self, stack):
        return [stack.enter_context(connect(self.server)) for _ in range(PEOPLE)]

    def test_two_thousand_idle_connections_are_answered_and_cost_little(self):
        time.sleep(3)  # what the last request used is given back after two seconds
        files, before = open_files(self.server), anonymous_bytes(self.server)
        with contextlib.ExitStack() as stack:
            people = self.connect_all(stack)
            for peer in people:
                peer.sendall(GET)
            self.assertEqual({read_answer(peer)[0] for peer in people}, {200})
            each = (anonymous_bytes(self.server) - before) / PEOPLE
            print(f"idle: {each:.0f} bytes each", file=sys.stderr)
            self.assertLess(each, BYTES_EACH_MAX)
        self.assertTrue(eventually(lambda: open_files(self.server) <= files), "sockets of those who left are still open")
        self.assertTrue(eventually(lambda: anonymous_bytes(self.server) < before + PEOPLE * BYTES_EACH_MAX / 4),
                        f"{anonymous_bytes(self.server) - before} bytes are left of those who left")

    def test_two_thousand_open_streams_cost_little(self):
        time.sleep(3)
        before = anonymous_bytes(self.server)
        with contextlib.ExitStack() as stack:
            people = self.connect_all(stack)
            for peer in people:
                peer.sendall(post(completion(400, stream=True)))
            for peer in people:
                self.assertIn(b" 200 OK\r\n", read_until(peer, b"\r\n\r\n"))
            self.assertGreater(self.server.metric("croft_requests_waiting"), PEOPLE / 2)
            # Two are computed; what they need of the model's memory is not the connections'.
            each = (anonymous_bytes(self.server) - before) / PEOPLE
            print(f"waiting streams: {each:.0f} bytes each", file=sys.stderr)
            self.assertLess(each, BYTES_EACH_MAX)
        self.server.wait_for_metric("croft_requests_waiting", 0, 20)
        self.server.wait_for_metric("croft_requests_running", 0, 20)
        self.assertTrue(eventually(lambda: anonymous_bytes(self.server) < before + PEOPLE * BYTES_EACH_MAX / 4),
                        f"{anonymous_bytes(self.server) - before} bytes are left of those who left")


class Faults(harness.ServerCase):
    flags = ("--context", "512", "--parallel", "4", "--queue", "64")

    def test_two_thousand_at_once_get_an_answer_or_a_429(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < PEOPLE + 500:
            self.skipTest(f"the hard limit of open files is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, PEOPLE + 500), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.ExitStack() as stack:
            people = [stack.enter_context(connect(self.server)) for _ in range(PEOPLE)]
            for peer in people:
                peer.sendall(post(completion(1)))
            answers = [read_answer(peer) for peer in people]
        self.assertEqual({status for status, _, _ in answers}, {200, 429})
        self.assertTrue(all(int(headers["retry-after"]) > 0 for status, headers, _ in answers if status == 429))
        for status, _, body in answers:
            self.assertIn("choices" if status == 200 else "error", json.loads(body))

    def test_a_thousand_that_hang_up_at_once_leave_nothing_open(self):
        files = open_files(self.server)
        for i in range(1000):
            peer = connect(self.server)
            if i % 3 == 1:
                peer.sendall(GET)
            if i % 3 == 2:  # a reset instead of a farewell
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()
        self.assertEqual(self.server.request("GET", "/readyz")[0], 200)
        self.assertTrue(eventually(lambda: open_files(self.server) <= files), open_files(self.server))

    def test_half_a_request_and_nothing_more(self):
        files = open_files(self.server)
        whole = post(completion(4))
        for length in (1, 20, whole.index(b"\r\n\r\n") + 2, len(whole) - 1):
            with connect(self.server) as peer:
                peer.sendall(whole[:length])
        self.assertEqual(self.server.post("/v1/completions", completion(4))["usage"]["completion_tokens"], 4)
        self.assertTrue(eventually(lambda: open_files(self.server) <= files), open_files(self.server))

    def test_a_byte_a_second_holds_up_nobody_and_has_an_end(self):
        enough = threading.Event()

        def trickle(data, interval):
            """What the server says to one who sends like this, and after how long."""
            begin = time.monotonic()
            with connect(self.server) as peer:
                peer.settimeout(interval)
                for i in range(len(data)):
                    with contextlib.suppress(OSError):
                        peer.sendall(data[i:i + 1])
                    try:
                        return peer.recv(4096), time.monotonic() - begin
                    except TimeoutError:
                        if enough.is_set():
                            return None, 0
            raise AssertionError("all was sent, and no answer came")

        request = post(completion(4))
        head_end = request.index(b"\r\n\r\n") + 4
        with concurrent.futures.ThreadPoolExecutor(3) as people:
            header = people.submit(trickle, request, 1)
            body = people.submit(lambda: trickle_body(self.server, request, head_end, enough))
            quick = people.submit(trickle, GET, 0.01)
            self.assertIn(b" 200 OK\r\n", quick.result(60)[0])  # slow, and no fault
            for _ in range(5):
                self.assertEqual(self.server.post("/v1/completions", completion(4))["usage"]["completion_tokens"], 4)
            answer, seconds = header.result(60)
            enough.set()
            self.assertIn(b" 408 ", answer)
            self.assertGreater(seconds, 9)
            self.assertTrue(body.result(60), "a slow body was cut off although its two minutes have not passed")

    def test_hanging_up_before_and_within_a_stream_stops_the_work(self):
        before = open_files(self.server)
        for wait_for in (None, b"\r\n\r\n", b"data: ", b"data: "):
            peer = connect(self.server)
            peer.sendall(post(completion(450, stream=True)))
            if wait_for is not None:
                read_until(peer, wait_for)
            peer.close()
        self.server.wait_for_metric("croft_requests_running", 0, 20)
        self.server.wait_for_metric("croft_requests_waiting", 0, 20)
        self.assertTrue(eventually(lambda: open_files(self.server) <= before), open_files(self.server))

    def test_who_never_reads_holds_up_nobody(self):
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                deaf = stack.enter_context(socket.socket())
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                deaf.connect(("127.0.0.1", self.server.port))
                deaf.sendall(post(completion(450, stream=True)))
            self.assertEqual(self.server.post("/v1/completions", completion(8))["usage"]["completion_tokens"], 8)
        self.server.wait_for_metric("croft_requests_running", 0, 60)

    def test_pipelined_requests_are_answered_in_order_even_behind_a_stream(self):
        with connect(self.server) as peer:
            peer.sendall(post(completion(3, stream=True)) + GET + post({"content": "one two"}, "/tokenize") + GET)
            data = read_until(peer, b"0\r\n\r\n")
            while data.count(b"ready") < 2:
                data += read_until(peer, b"}")
        order = [data.index(b"[DONE]"), data.index(b"ready"), data.index(b'"tokens"'), data.rindex(b"ready")]
        self.assertEqual(order, sorted(order))

    def test_ten_thousand_pipelined_requests_are_not_held_all_at_once(self):
        with connect(self.server) as peer:
            sender = threading.Thread(target=peer.sendall, args=(GET * 10_000,))
            sender.start()
            seen, tail = 0, b""
            while seen < 10_000:
                got = peer.recv(65536)
                self.assertTrue(got, f"closed after {seen} answers")
                data = tail + got
                seen += data.count(b'{"status":"ready"}')
                tail = data[data.rfind(b'{"status":"ready"}') + 1:][-30:]
            sender.join()

    def test_stopped_and_continued_nobody_is_cut_off(self):
        """Half a header, half a body and streams. CROFT_TEST_STOPPED_SECONDS=60 stops it for longer than a header may take
        and a stream may be silent; the default is for everyday use."""
        request = post(completion(4))
        head_end = request.index(b"\r\n\r\n") + 4
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(connect(self.server)) for _ in range(4)]
            for peer in streams:
                peer.sendall(post(completion(80, stream=True)))
            halves = []
            for length in (15, head_end + 5):
                peer = stack.enter_context(connect(self.server))
                peer.sendall(request[:length])
                halves.append((peer, request[length:]))
            read_until(streams[0], b"data: ")
            os.kill(self.server.process.pid, signal.SIGSTOP)
            try:
                time.sleep(STOPPED_SECONDS)
                late = stack.enter_context(connect(self.server))  # the kernel takes it
                late.sendall(GET)
            finally:
                os.kill(self.server.process.pid, signal.SIGCONT)
            time.sleep(1.5)  # time for a deadline that passed meanwhile to do harm
            for peer, rest in halves:
                peer.sendall(rest)
                self.assertEqual(read_answer(peer)[0], 200)
            self.assertEqual(read_answer(late)[0], 200)
            for peer in streams:
                peer.settimeout(120)
                read_until(peer, b"[DONE]")


def trickle_body(server, request, head_end, enough):
    """True where a body that comes a byte a second is waited for until `enough`."""
    with connect(server) as peer:
        peer.sendall(request[:head_end])
        peer.settimeout(1)
        for i in range(head_end, len(request) - 1):
            peer.sendall(request[i:i + 1])
            try:
                peer.recv(4096)
                return False
            except TimeoutError:
                if enough.is_set():
                    return True
    return True


class Alone(unittest.TestCase):
    def start(self, *flags, model=harness.DEFAULT_MODEL):
        server = harness.Server(model, "--context", "512", *flags)

        def end():
            if server.process.poll() is None:
                server.process.kill()
            with contextlib.suppress(RuntimeError):
                server.stop()

        self.addCleanup(end)
        return server

    def test_more_connections_than_files_get_503_until_some_leave(self):
        with started_by("ulimit -n 200"), contextlib.ExitStack() as stack:
            server = self.start()
            people = [stack.enter_context(connect(server)) for _ in range(150)]
            for peer in people:
                with contextlib.suppress(OSError):  # refused before it was sent
                    peer.sendall(GET)
            answers = [read_answer(peer) for peer in people]
            statuses = [status for status, _, _ in answers]
            self.assertEqual(set(statuses), {200, 503})
            refusal = json.loads(answers[statuses.index(503)][2])["error"]
            self.assertIn("too many connections", refusal["message"])
            for peer in people:
                peer.close()
            self.assertTrue(eventually(lambda: server.request("GET", "/readyz")[0] == 200))
            self.assertEqual(server.stop(), 0)
            self.assertIn("connections are open", server.log())

    def test_terminated_while_streams_run_it_finishes_them_and_refuses_others(self):
        server = self.start("--drain", "120", "--parallel", "4")
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(connect(server)) for _ in range(4)]
            late = stack.enter_context(connect(server))
            for peer in streams:
                peer.sendall(post(completion(100, stream=True)))
            for peer in streams:
                read_until(peer, b"data: ")
            server.process.send_signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: server.request("GET", "/readyz")[0] == 503))
            for peer in (late, stack.enter_context(connect(server))):
                peer.sendall(post(completion(1)))
                status, headers, _ = read_answer(peer)
                self.assertEqual(status, 503)
                self.assertGreater(int(headers["retry-after"]), 0)
            for peer in streams:
                peer.settimeout(120)
                self.assertTrue(read_to_the_end(peer).endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"))
        self.assertEqual(server.process.wait(60), 0)

    def test_a_second_sigterm_means_now(self):
        server = self.start("--drain", "120")
        with connect(server) as peer:
            peer.sendall(post(completion(500, stream=True)))
            read_until(peer, b"data: ")
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            self.assertIsNone(server.process.poll(), "it did not wait for its stream")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(20), 130)

    def test_memory_taken_away_in_mid_run_slows_but_hangs_nobody(self):
        group = MemoryGroup(self)
        with tempfile.TemporaryDirectory() as folder:
            # A file that nobody has read: its pages in memory are the group's own, and can be taken back.
            harness.require_model(harness.DEFAULT_MODEL)
            shown = json.loads(subprocess.run([harness.BINARY, "show", harness.DEFAULT_MODEL, "--json"], capture_output=True,
                                              check=True, timeout=60).stdout)
            model = pathlib.Path(folder) / "model.gguf"
            shutil.copyfile(shown["path"], model)
            with open(model, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            self.squeeze_while_people_ask(group, model)

    def squeeze_while_people_ask(self, group, model):
        with started_by(f"echo $$ > {group.folder}/cgroup.procs"):
            server = self.start("--parallel", "4", "--queue-wait", "0", model=str(model))  # slow is what it shall be
        server.post("/v1/completions", completion(8))
        ended = threading.Event()

        def squeeze():
            """Down to what cannot be taken back, and a margin: pages of the model's file can."""
            while not ended.wait(0.05):
                with contextlib.suppress(OSError):  # what was free a moment ago is in use
                    group.limit(group.used() - group.of_files() // 2 + group.margin)

        squeezer = threading.Thread(target=squeeze)
        squeezer.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as people:
                answers = list(people.map(lambda _: server.post("/v1/completions", completion(64)), range(24)))
        finally:
            ended.set()
            squeezer.join()
        self.assertTrue(all(answer["usage"]["completion_tokens"] == 64 for answer in answers))
        self.assertGreater(group.squeezed, 0, "the limit was never lowered")
        group.limit(None)
        self.assertEqual(server.stop(), 0)

    def test_memory_that_the_system_refuses_ends_requests_and_not_the_server(self):
        server = self.start("--parallel", "8")
        server.post("/v1/completions", completion(8))
        pid = server.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_DATA)

        def ask(i):
            try:
                status, _, body = server.request("POST", "/v1/completions", completion(120, prompt=[3000 + i] * 300))
            except (OSError, http.client.HTTPException):
                return 503, b"the connection ended: not even the answer's head had room"
            return status, body

        refused = 0
        with concurrent.futures.ThreadPoolExecutor(8) as people:
            for spare in (0, 2, 8, 20):
                now = int(re.search(r"VmData:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024
                resource.prlimit(pid, resource.RLIMIT_DATA, (now + spare * 2**20, limits[1]))
                for status, body in people.map(ask, range(8)):
                    self.assertIn(status, (200, 429, 500, 503), body)
                    refused += status != 200
                resource.prlimit(pid, resource.RLIMIT_DATA, limits)
                self.assertIsNone(server.process.poll())
        # Whoever was refused, the server is as it was.
        self.assertEqual(server.post("/v1/completions", completion(8))["usage"]["completion_tokens"], 8)
        server.wait_for_metric("croft_requests_running", 0, 30)
        self.assertEqual(server.stop(), 0)


class MemoryGroup:
    """A new control group below our own with a limit of memory that can be written, version 2 or 1."""

    def __init__(self, test):
        lines = pathlib.Path("/proc/self/cgroup").read_text().splitlines()
        paths = {line.split(":")[1]: line.split(":", 2)[2].strip() for line in lines}
        root = pathlib.Path("/sys/fs/cgroup")
        self.is_v2 = (root / "cgroup.controllers").exists()
        if not self.is_v2 and "memory" not in paths:
            test.skipTest("this machine has no control groups of memory at /sys/fs/cgroup")
        own = root / paths[""].lstrip("/") if self.is_v2 else root / "memory" / paths["memory"].lstrip("/")
        self.folder = own / f"croft-test-{os.getpid()}"
        self.squeezed = 0
        # Version 2 slows down who is over memory.high; version 1 ends whoever cannot keep to its limit.
        self.margin = 0 if self.is_v2 else 32 * 2**20
        try:
            self.folder.mkdir()
        except OSError as problem:
            test.skipTest(f"no control group can be made: {problem}")
        test.addCleanup(lambda: eventually(self.removed))
        self.limit_file = self.folder / ("memory.high" if self.is_v2 else "memory.limit_in_bytes")
        if not os.access(self.limit_file, os.W_OK):
            test.skipTest(f"{self.limit_file} cannot be written: the memory controller is not delegated")

    def used(self):
        return int((self.folder / ("memory.current" if self.is_v2 else "memory.usage_in_bytes")).read_text())

    def of_files(self):
        name = "file " if self.is_v2 else "cache "
        return int(next(line.split()[1] for line in (self.folder / "memory.stat").read_text().splitlines()
                        if line.startswith(name)))

    def limit(self, bytes_or_none):
        """Errors: OSError where so little cannot be (version 1)."""
        nothing = "max" if self.is_v2 else "-1"
        self.limit_file.write_text(nothing if bytes_or_none is None else str(bytes_or_none))
        self.squeezed += bytes_or_none is not None

    def removed(self):
        with contextlib.suppress(OSError):
            self.folder.rmdir()
        return not self.folder.exists()


if __name__ == "__main__":
    harness.main()
