"""The servers that are compared: how each is started at its best, waited for and stopped; or one that runs already."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import build_peers
import meter

ROOT = build_peers.ROOT
NAMES = ("croft", *build_peers.PACKAGES)
DEFAULT_MODEL = "smollm2:135m"
READY_SECONDS_MAX = 300

# Their threads wait for each other by spinning: on cores that they share, with the load generator or with strangers, that
# may cost them nearly everything, so this comes first.
WAITING = [((), {}), ((), {"OMP_WAIT_POLICY": "passive"})]
# What a peer can be told beyond threads, slots and context, in groups: of each group the fastest is kept (compare.py).
# (flags, environment); the first of a group is the server's own default.
SETTINGS = {
    "croft": [],
    "llama-server": [WAITING, [((), {}), (("-fa", "on"), {}), (("-fa", "off"), {})]],
    "ik-llama-server": [WAITING, [((), {}), (("-fa", "off"), {})], [((), {}), (("-rtr",), {})]],  # repacks weights at load
}


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, path):
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    return False


class Server:
    """A server's process; memory of its idle state is taken when it is ready."""

    def __init__(self, name, command, port, ready_path, environment):
        self.name, self.port = name, port
        self.command = list(map(str, command))
        self.environment = environment
        self.log = tempfile.NamedTemporaryFile(prefix=f"{name}-", suffix=".log")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, **environment})
        self.pid = self.process.pid
        try:
            self._wait(ready_path)
        except BaseException:
            self.stop()
            raise
        self.idle = meter.memory(self.pid)

    def _wait(self, ready_path):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not answers(self.port, ready_path):
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} was not ready in {READY_SECONDS_MAX} s: {self.last_words()}")
            time.sleep(0.05)

    def last_words(self):
        return " | ".join(pathlib.Path(self.log.name).read_text(errors="replace").splitlines()[-4:])[-600:]

    def check(self):
        if self.process.poll() is not None:
            raise ServerFailed(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def program(name, arguments):
    """The program's path; builds a peer that is not there yet."""
    if name != "croft":
        return build_peers.binary(name, arguments.folder)
    if not arguments.croft.exists():
        raise ServerFailed(f"no program {arguments.croft}: cmake --preset release && cmake --build build/release")
    return arguments.croft


def version(name, path):
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
    found = " ".join((said.stdout + said.stderr).split())[:200]
    return found if name == "croft" else f"{build_peers.PACKAGES[name][0]}: {found}"


def model_file(arguments):
    """The GGUF file of --model: peers know no names of installed models."""
    if pathlib.Path(arguments.model).is_file():
        return pathlib.Path(arguments.model).resolve()
    shown = subprocess.run([arguments.croft, "show", arguments.model, "--json"], capture_output=True, text=True)
    if shown.returncode != 0:
        raise ServerFailed(f"model {arguments.model}: {' '.join(shown.stderr.split())}")
    return pathlib.Path(json.loads(shown.stdout)["path"])


def start(name, arguments, context, setting=((), {}), croft_flags=()):
    """Starts `name` with `context` tokens for each of arguments.parallel sequences."""
    path, model, port = program(name, arguments), model_file(arguments), free_port()
    flags, environment = setting
    if name == "croft":
        command = [path, "serve", "--model", model, "--host", "127.0.0.1", "--port", port, "--context", context, "--parallel",
                   arguments.parallel, "--threads", arguments.threads, *croft_flags, *flags]
        return Server(name, command, port, "/readyz", environment)
    # -c is the sum over all slots; continuous batching is on by default in both.
    command = [path, "-m", model, "--host", "127.0.0.1", "--port", port, "-c", context * arguments.parallel, "-np",
               arguments.parallel, "--threads", arguments.threads, *flags]
    return Server(name, command, port, "/health", environment)


def add_arguments(parser):
    """Options of every script that starts servers."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="GGUF file, or the name of a model that croft has installed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parallel", type=int, default=16, help="answers that a server computes together")
    parser.add_argument("--croft", type=pathlib.Path, default=ROOT / "build/release/croft")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/peers", help="where the peers are built")


class Running:
    """A server that somebody else started."""

    def __init__(self, port, pid):
        self.name, self.port, self.pid, self.command, self.environment = f"port {port}", port, pid, [], {}
        self.idle = meter.memory(pid)

    def check(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def add_target_arguments(parser):
    """Options of a script that loads one server."""
    parser.add_argument("--server", choices=NAMES, default="croft", help="which to start")
    parser.add_argument("--port", type=int, default=0, help="of a server that runs already, on this machine")
    parser.add_argument("--pid", type=int, default=0, help="its process, for its memory")
    parser.add_argument("--context", type=int, default=2048, help="tokens of each sequence of a server that is started")
    parser.add_argument("--queue", type=int, default=64, help="requests that may wait before Croft refuses")
    add_arguments(parser)


def chosen(arguments):
    """The server that the options name, as a context manager."""
    if arguments.port:
        return Running(arguments.port, arguments.pid)
    return start(arguments.server, arguments, arguments.context, croft_flags=("--queue", arguments.queue))
