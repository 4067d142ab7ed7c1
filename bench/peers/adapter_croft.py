"""Croft by its own `croft bench`: a process for every measurement, which loads and warms up before it counts.

The ids are bench's own, as many as asked for: which ordinary ids they are changes nothing in the work.
"""
import json
import subprocess

from protocol import serve


class Croft:
    def __init__(self, config):
        self.command = [config["croft"], "bench", "-m", config["model"], "-t", str(config["threads"]), "-r", "1", "--json"]
        version = subprocess.run([config["croft"], "version"], capture_output=True, text=True, check=True).stdout
        self.about = {"version": version.strip(), "flags": " ".join(self.command[1:])}
        self.details = {}

    def bench(self, *options):
        done = subprocess.run([*self.command, *map(str, options)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        row = json.loads(done.stdout)[0]
        self.details = {"bench": row}
        return row["avg_ns"] / 1e9

    def prompt(self, ids):
        return self.bench("-p", len(ids), "-n", 0)

    def decode(self, prompts, n_gen):
        return self.bench("-p", 0, "-n", n_gen, "--seqs", len(prompts), "--depth", len(prompts[0]))


if __name__ == "__main__":
    serve(Croft)
