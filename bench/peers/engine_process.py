"""One engine in a process of its own, spoken to by protocol.py, with a time limit on every answer."""
import json
import os
import pathlib
import queue
import subprocess
import threading

TICKS = os.sysconf("SC_CLK_TCK")


class EngineFailed(Exception):
    """The engine is gone: it could not load the file, ended, or gave no answer in time."""


def machine_busy_seconds():
    """CPU time that all processes have had, and that the hypervisor gave to other guests."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


class EngineProcess:
    def __init__(self, name, command, environment, log):
        self.name = name
        self.log = log
        with open(log, "w") as errors:
            self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, text=True, env={**os.environ, **environment})
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def answer(self, time_limit, what):
        try:
            line = self.lines.get(timeout=time_limit)
        except queue.Empty:
            self.stop()
            raise EngineFailed(f"hangs: no answer in {time_limit} s to {what}") from None
        if line is None:
            raise EngineFailed(f"ended with {self.process.wait()} during {what}; see {self.log}")
        return json.loads(line)

    def ask(self, request, time_limit):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer(time_limit, request["test"])

    def cpu_seconds(self):
        """Of the process and of its children that have ended."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return sum(map(int, fields[11:15])) / TICKS

    def stop(self):
        self.process.kill()
        self.process.wait()
