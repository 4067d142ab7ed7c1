"""The processes of a run: the mock, the relay, the loads, and the gateway that somebody else started."""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "bench/serve"), str(ROOT / "bench/peers")]
import meter  # noqa: E402  (the path comes first)


class Failed(Exception):
    """There is nothing to measure; the sentence says why."""


class Service:
    """`overhead_bench MODE`, which prints its port and serves until it is told to stop."""

    def __init__(self, bench, *arguments):
        self.process = subprocess.Popen([bench, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"overhead_bench {arguments[0]} ended with {self.process.wait()}")
        self.port = int(line)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.stdout.read()
        self.process.wait(10)
        self.process.stdout.close()


def tell_mock(mock, **settings):
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=10)
    connection.request("POST", "/mock?" + "&".join(f"{name}={round(value)}" for name, value in settings.items()), b"")
    if connection.getresponse().status != 200:
        raise Failed("the mock does not take its settings")
    connection.close()


def load(bench, url, arguments, **options):
    """One run of `overhead_bench load` as an object; options as --name-with-dashes."""
    command = [bench, "load", "--url", url, "--model", arguments.model]
    if arguments.key:
        command += ["--key", arguments.key]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(round(value))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if not done.stdout.strip():
        raise Failed(f"overhead_bench load ended with {done.returncode}")
    return json.loads(done.stdout)


def family(pid):
    """The process and all below it."""
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """Of the family; None without a pid."""
    return sum(meter.cpu_seconds(member) for member in family(pid)) if pid else None


def rss_mib(pid):
    return round(sum(meter.memory(member)["rss_mib"] for member in family(pid)), 2) if pid else None


def pid_of(url):
    """Who listens on the port of a URL on this machine; 0 where that cannot be seen."""
    place = urllib.parse.urlsplit(url)
    if place.hostname not in ("127.0.0.1", "localhost", "::1"):
        return 0
    ending, inodes = f":{place.port or 80:04X}", set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(ending) and fields[3] == "0A":  # 0A: listening
                inodes.add(fields[9])
    owners = []
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link))
        except OSError:
            continue
        if found and found[1] in inodes:
            owners.append(int(link.parts[2]))
    return min(owners, default=0)  # a parent and its workers share the socket
