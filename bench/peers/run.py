#!/usr/bin/env python3
"""bench/peers/run.py MODEL.gguf: Croft and its peers on the same file, prompt lengths and threads, interleaved.

Every engine loads the model once. A round runs each test on each engine once, in random order; the first round is not
counted. What cannot be installed, cannot load the file or gives no answer in time is reported as such.
"""
import argparse
import json
import os
import pathlib
import platform
import random
import subprocess
import sys
import time

import install
import report
from engine_process import EngineFailed, EngineProcess, machine_busy_seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENGINES = ("croft", "llama.cpp", "openvino", "node-llama-cpp")
CPU_FLAGS_OF_INTEREST = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8",
                         "amx_bf16")


def command_of(name, arguments):
    """How to start an engine's adapter, and the environment it needs. Installs what is missing."""
    folder = arguments.folder
    limited = arguments.isa != "native"
    if name == "croft":
        return [sys.executable, HERE / "adapter_croft.py"], {"CROFT_ISA": arguments.isa} if limited else {}
    if name == "llama.cpp":
        target = install.llama_cpp(folder, arguments.isa)
        return [install.python(folder), HERE / "adapter_llama_cpp.py"], {"PYTHONPATH": str(target)}
    if limited:
        raise install.InstallFailed(f"left out: cannot be limited to {arguments.isa}")
    if name == "openvino":
        return [install.python(folder), HERE / "adapter_openvino.py"], {}
    return ["node", HERE / "adapter_node.mjs"], {"NODE_LLAMA_CPP": str(install.node_llama_cpp(folder))}


def tests_of(arguments, number=0):
    """Name -> request of a round. The ids are ordinary tokens in every vocabulary of 32000 and more; every round has its
    own, or an engine that keeps earlier prompts would answer from memory."""
    source = random.Random(number)

    def ids(count):
        return [source.randrange(1000, 30000) for _ in range(count)]

    tests = {}
    if arguments.prompt:
        tests[f"prompt {arguments.prompt}"] = {"test": "prompt", "prompts": [ids(arguments.prompt)], "n_gen": 0}
    for seqs in dict.fromkeys((1, arguments.seqs)):
        tests[f"decode {arguments.gen} x {seqs}"] = {
            "test": "decode", "prompts": [ids(arguments.depth) for _ in range(seqs)], "n_gen": arguments.gen}
    return tests


def tokens_of(request):
    return request["n_gen"] * len(request["prompts"]) or len(request["prompts"][0])


def start_engines(arguments, tests):
    """The engines that answer, and the results of all."""
    config = {"model": str(arguments.model), "threads": arguments.threads, "seqs": arguments.seqs,
              "context": max(arguments.prompt, arguments.depth + arguments.gen) + 64, "croft": str(arguments.croft)}
    running, results = {}, {}
    for name in arguments.engines:
        results[name] = {"status": "runs", "about": {}, "tests": {test: {"rates": {}, "samples": []} for test in tests}}
        print(f"{name}: installing and loading", file=sys.stderr, flush=True)
        try:
            command, environment = command_of(name, arguments)
            engine = EngineProcess(name, [*command, json.dumps(config)], environment,
                                   arguments.folder / f"adapter-{name}.log")
            first = engine.answer(arguments.time_limit, "loading the model")
            if "error" in first:
                raise EngineFailed(first["error"])
            results[name]["about"] = first["about"]
            running[name] = engine
        except (install.InstallFailed, EngineFailed, OSError) as error:
            results[name]["status"] = str(error)
            print(f"{name}: {error}", file=sys.stderr, flush=True)
    return running, results


def measure(engine, request, time_limit):
    """One answer, with the share of the machine's CPU time that went to others meanwhile."""
    own, busy, start = engine.cpu_seconds(), machine_busy_seconds(), time.monotonic()
    answer = engine.ask(request, time_limit)
    wall = time.monotonic() - start
    others = machine_busy_seconds() - busy - (engine.cpu_seconds() - own)
    answer["others_cpu_share"] = max(0.0, others) / (wall * os.cpu_count())
    return answer


def run_round(number, running, results, arguments):
    for test, request in tests_of(arguments, number).items():
        for name in random.sample(list(running), len(running)):
            engine, entry, asked = running[name], results[name]["tests"][test], request
            if "error" in entry:
                continue
            try:
                for attempt in range(arguments.retries + 1):
                    if attempt > 0:
                        asked = tests_of(arguments, f"{number} {name} {attempt}")[test]
                    answer = measure(engine, asked, arguments.time_limit)
                    if "error" in answer or answer["others_cpu_share"] <= arguments.others_max:
                        break
            except EngineFailed as error:
                results[name]["status"] = entry["error"] = str(error)
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                del running[name]
                continue
            if "error" in answer:
                entry["error"] = answer["error"]
            elif number > 0:
                entry["rates"][str(number)] = tokens_of(request) / answer["seconds"]
                entry["samples"].append({"round": number, **answer})


def machine_facts():
    lscpu = json.loads(subprocess.run(["lscpu", "--json"], capture_output=True, text=True, check=True,
                                      env={**os.environ, "LC_ALL": "C"}).stdout)["lscpu"]
    facts = {}
    def flatten(entries):
        for entry in entries:
            facts[entry["field"].rstrip(":")] = entry["data"]
            flatten(entry.get("children", []))
    flatten(lscpu)
    flags = set((facts.pop("Flags", None) or "").split())
    return {"lscpu": {key: value for key, value in facts.items() if not key.startswith("Vulnerability")},
            "cpu_flags": {flag: flag in flags for flag in CPU_FLAGS_OF_INTEREST}, "system": platform.platform()}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt test; 0 leaves it out")
    parser.add_argument("--gen", type=int, default=64, help="tokens that each sequence of the decode tests generates")
    parser.add_argument("--depth", type=int, default=64, help="tokens that a sequence has before that")
    parser.add_argument("--seqs", type=int, default=16, help="sequences of the second decode test")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--isa", choices=("native", "avx2"), default="native",
                        help="avx2: Croft by CROFT_ISA, llama.cpp by a build of its own; the others are left out")
    parser.add_argument("--croft", type=pathlib.Path, default=ROOT / "build/release/croft")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/peers", help="where the peers are installed")
    parser.add_argument("--time-limit", type=float, default=120, metavar="SECONDS", help="of each answer")
    parser.add_argument("--others-max", type=float, default=0.1, metavar="SHARE",
                        help="measure again where other processes took more than this share of the CPUs")
    parser.add_argument("--retries", type=int, default=3, help="how often")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="keep everything here")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.model, arguments.folder = arguments.model.resolve(), arguments.folder.resolve()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tests = tests_of(arguments)
    running, results = start_engines(arguments, tests)
    document = {"model": arguments.model.name, "threads": arguments.threads, "isa": arguments.isa,
                "machine": machine_facts(), "engines": results}
    try:
        for number in range(arguments.rounds + 1):
            print(f"round {number} of {arguments.rounds}", file=sys.stderr, flush=True)
            run_round(number, running, results, arguments)
            report.summarize(results, tests)
            if arguments.json:  # after every round: a run that is cut short keeps what it has
                arguments.json.write_text(json.dumps({**document, "rounds": number}, indent=1) + "\n")
    finally:
        for engine in running.values():
            engine.stop()
    print(f"{arguments.model.name}, {arguments.threads} threads, {arguments.isa}")
    print(report.table(results, tests))


if __name__ == "__main__":
    main()
