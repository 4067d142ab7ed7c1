"""What a run costs: CPU time of the server, of this generator and of others; the server's memory in MiB."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from engine_process import TICKS, machine_busy_seconds  # noqa: E402  (the path comes first)


def memory(pid):
    """Resident now and at most so far (VmRSS, VmHWM); PSS leaves out shared pages' other owners. Empty without a pid."""
    if not pid:
        return {}
    found = {}
    for file, wanted in (("status", {"VmRSS": "rss_mib", "VmHWM": "rss_peak_mib"}), ("smaps_rollup", {"Pss": "pss_mib"})):
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in wanted:
                found[wanted[name]] = round(int(value.split()[0]) / 1024, 2)
    return found


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


class Meter:
    """CPU time from `start` to `stop`. Shares are of one core; `others_cpu_share` is of all cores."""

    def __init__(self, pid=0):
        self.pid = pid

    def start(self):
        self._from = self._now()

    def stop(self):
        wall, own, server, busy = (now - before for now, before in zip(self._now(), self._from))
        wall = max(wall, 1e-9)
        found = {"client_cpu_share": round(own / wall, 3)}
        if self.pid:
            found["server_cpu_share"] = round(server / wall, 3)
            found["others_cpu_share"] = round(max(0.0, busy - own - server) / wall / os.cpu_count(), 3)
        return found

    def _now(self):
        return (time.perf_counter(), time.process_time(), cpu_seconds(self.pid) if self.pid else 0.0,
                machine_busy_seconds())
