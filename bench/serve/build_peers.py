"""Builds the servers that Croft is measured beside, from packages of PyPI by name, once, into a folder of their own.

Both packages are Python bindings whose source archives carry the whole of the engine, its HTTP server included. Each is
built for this machine (`-march=native`) with its own defaults. Not here, since no registry has them by name: OpenVINO
Model Server (PyPI has its client only) and Hugging Face's text-generation-inference.

    build_peers.py [--folder build/peers] [--jobs 2]
"""
import argparse
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))
import install as peers  # noqa: E402  (the path comes first)

# Without: tests, the page for browsers (llama.cpp would fetch it), TLS. None of them computes anything.
COMMON_FLAGS = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_BUILD_TESTS=OFF",
                "-DLLAMA_CURL=OFF"]
PACKAGES = {
    "llama-server": (peers.LLAMA_CPP, "vendor/llama.cpp",
                     ["-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF",
                      "-DLLAMA_OPENSSL=OFF"]),
    # Attention over caches of other types than f16, which nobody asks for here, would take longer to compile than the rest.
    "ik-llama-server": ("ik-llama-cpp-python==0.1.5", "vendor/ik_llama.cpp", ["-DGGML_IQK_FA_ALL_QUANTS=OFF"]),
}


def source(folder, package, log):
    """The unpacked source archive of `NAME==VERSION`."""
    name, version = package.split("==")
    unpacked = folder / "sdist" / f"{name.replace('-', '_')}-{version}"
    if not unpacked.exists():
        archive = unpacked.with_name(unpacked.name + ".tar.gz")
        if not archive.exists():
            peers.run([peers.python(folder), "-m", "pip", "download", "--no-deps", "--no-binary", name, "--dest",
                       archive.parent, package], log)
        partial = unpacked.with_name(unpacked.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        peers.run(["tar", "-xzf", archive, "-C", partial, "--no-same-owner", "--strip-components=1"], log)
        partial.rename(unpacked)
    return unpacked


def binary(name, folder, jobs=2):
    """The server's program. The first build takes 10 to 20 minutes of one core."""
    package, engine, flags = PACKAGES[name]
    build = folder / f"{name}-{package.split('==')[1]}"
    program = build / "bin/llama-server"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"install-{name}.log"
        code = source(folder, package, log) / engine
        peers.run(["cmake", "-G", "Ninja", "-S", code, "-B", build, *COMMON_FLAGS, *flags], log)
        peers.run(["cmake", "--build", build, "--target", "llama-server", f"-j{jobs}"], log)
    return program


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/peers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(PACKAGES), help=f"of {', '.join(PACKAGES)}")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in PACKAGES]:
        parser.error(f"no peer {unknown[0]}: there are {', '.join(PACKAGES)}")
    failed = False
    for name in arguments.names:
        try:
            print(f"{name}: {binary(name, arguments.folder.resolve(), arguments.jobs)}", flush=True)
        except peers.InstallFailed as error:
            failed = True
            print(f"{name}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
