"""Installs the peers by package name into a folder of their own, once; nothing outside of it is touched."""
import os
import pathlib
import subprocess
import sys

LLAMA_CPP = "llama-cpp-python==0.3.36"
NODE_LLAMA_CPP = "node-llama-cpp@3.22.1"
HERE = pathlib.Path(__file__).resolve().parent

# llama.cpp's own choice is everything that the building machine has. Its picture reader is left out of the build.
LLAMA_FLAGS = {
    "native": "-DLLAVA_BUILD=OFF",
    "avx2": "-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF -DGGML_AVX512=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON "
            "-DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON",
}


class InstallFailed(Exception):
    pass


def run(command, log, **environment):
    with open(log, "a") as output:
        output.write(f"$ {' '.join(map(str, command))}\n")
        output.flush()
        done = subprocess.run(list(map(str, command)), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                              env={**os.environ, **environment})
    if done.returncode != 0:
        raise InstallFailed(f"{command[0]} ended with {done.returncode}; see {log}")


def python(folder):
    """The interpreter of the folder's virtual environment, with requirements.txt in it."""
    interpreter = folder / "venv/bin/python"
    stamp = folder / "venv/.requirements"
    wanted = (HERE / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        if not interpreter.exists():
            run([sys.executable, "-m", "venv", folder / "venv"], folder / "install.log")
        run([interpreter, "-m", "pip", "install", "-r", HERE / "requirements.txt"], folder / "install.log")
        stamp.write_text(wanted)
    return interpreter


def llama_cpp(folder, isa):
    """The folder for PYTHONPATH. Built from source for this machine (or for AVX2): 10 to 20 minutes of one core."""
    target = folder / f"llama-{isa}"
    name, version = LLAMA_CPP.split("==")
    if not (target / f"{name.replace('-', '_')}-{version}.dist-info").exists():
        run([python(folder), "-m", "pip", "install", "-v", "--no-deps", "--no-binary", name, "--no-cache-dir", "--upgrade",
             "--target", target, LLAMA_CPP], folder / f"install-llama-{isa}.log", CMAKE_ARGS=LLAMA_FLAGS[isa])
    return target


def node_llama_cpp(folder):
    """The package's folder."""
    prefix = folder / "node"
    package = prefix / "node_modules/node-llama-cpp"
    if not package.exists():
        prefix.mkdir(parents=True, exist_ok=True)
        run(["npm", "install", "--prefix", prefix, "--no-audit", "--no-fund", NODE_LLAMA_CPP], folder / "install-node.log")
    return package
