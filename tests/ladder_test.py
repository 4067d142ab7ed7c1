#!/usr/bin/env python3
"""Goal: the rules of docs/architecture.md and CONTRIBUTING.md that a machine can check stay true.

Method: reads the repository's files (tracked, and new ones that are not ignored) as text, without a compiler.
Each check returns sentences about what is wrong; any sentence fails the test.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A folder includes only itself and folders before it (docs/architecture.md, "The ladder").
LADDER = ["base", "io", "text", "template", "kernels", "model", "engine", "task", "router", "agent", "tune",
          "store", "fleet", "server", "cli"]
# Narrower than the order alone: what a folder must know nothing of.
FORBIDDEN = {
    "template": {"text"},                        # templates know nothing of tokens
    "kernels": {"io", "text", "template"},       # pure functions over views: no files
    "model": {"template"},                       # a forward pass knows nothing of requests
    "server": {"kernels"},
}
# A heavy header costs seconds per translation unit (docs/adr/0001): this many .cpp may see each,
# directly or through a header of ours. Tests may see more.
HEAVY = {
    r"boost/(beast|asio)": 1,
    r"CLI/": 1,
    r"toml\+\+": 1,
    r"yaml-cpp": 1,
    r"spdlog/": 1,
    r"prometheus/": 1,
    r"curl/": 3,  # single downloads; many requests at a time
    r"pcre2": 1,
    r"utf8proc": 2,  # text and template, which must know nothing of each other
    r"sodium": 2,  # hashed keys; sealed secrets
    r"zip\.h": 1,
    r"sqlite3": 1,
    r"libpq": 2,  # the connection; its answers
    r"re2/": 1,
}

# Columns are clang-format's business (house.format): it knows which literals cannot be broken.
LINES_MAX = 600
LINES_WARN = 400
BYTES_MAX = 4 * 1024 * 1024

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def repository_files():
    """What git tracks or would; without git (an unpacked archive) everything outside build/."""
    # safe.directory: with sudo the checkout belongs to somebody else.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
        paths = map(ROOT.joinpath, filter(None, names))
    except (OSError, subprocess.CalledProcessError):
        paths = (path for path in ROOT.rglob("*") if not path.is_relative_to(ROOT / "build"))
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def includes(path):
    return [(kind, name) for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def folder_of(path):
    return path.relative_to(ROOT / "src").parts[0]


def check_ladder(sources):
    for path in sources:
        folder = folder_of(path)
        if folder not in LADDER:
            yield f"{path.relative_to(ROOT)}: src/{folder} is not on the ladder; add it to docs/architecture.md and to LADDER here"
            continue
        for kind, name in includes(path):
            target = name.split("/")[0]
            if kind != '"' or "/" not in name or target not in LADDER:
                continue
            if LADDER.index(target) > LADDER.index(folder):
                yield f"{path.relative_to(ROOT)}: includes {name}, but src/{target} is below src/{folder} on the ladder"
            if target in FORBIDDEN.get(folder, ()):
                yield f"{path.relative_to(ROOT)}: includes {name}, but src/{folder} must know nothing of src/{target}"


def check_includes_exist(sources):
    for path in sources:
        for kind, name in includes(path):
            generated = name.split("/")[0].endswith("_build")  # written into the build folder, see src/cli/CMakeLists.txt
            if kind == '"' and not generated and not (ROOT / "src" / name).exists():
                yield f'{path.relative_to(ROOT)}: "{name}" is not a file below src/ (includes are written from there)'


def reach(path, sources_by_name, seen):
    """All files of ours that `path` includes, itself included."""
    if path not in seen:
        seen.add(path)
        for kind, name in includes(path):
            if kind == '"' and name in sources_by_name:
                reach(sources_by_name[name], sources_by_name, seen)
    return seen


def check_heavy_headers(sources):
    by_name = {str(path.relative_to(ROOT / "src")): path for path in sources}
    units = {path: reach(path, by_name, set()) for path in sources
             if path.suffix == ".cpp" and not path.name.endswith(("_test.cpp", "_fuzz.cpp"))}
    for pattern, allowed in HEAVY.items():
        direct = {path for path in sources if any(kind == "<" and re.match(pattern, name) for kind, name in includes(path))}
        users = sorted(str(unit.relative_to(ROOT)) for unit, files in units.items() if files & direct)
        if len(users) > allowed:
            yield f"<{pattern}...> costs {len(users)} translation units, {allowed} allowed: {', '.join(users)}"


def check_sizes(sources, files):
    for path in sources:
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        name = path.relative_to(ROOT)
        if lines > LINES_MAX:
            yield f"{name}: {lines} lines; split it (limit {LINES_MAX})"
        elif lines > LINES_WARN:
            print(f"note: {name} has {lines} lines; is it still one idea?")
    for path in files:
        if path.stat().st_size > BYTES_MAX:
            yield f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes; files over {BYTES_MAX} are fetched, not committed"


def check_contracts(sources):
    for path in sources:
        if path.suffix == ".h":
            head = path.read_text(encoding="utf-8").lstrip().removeprefix("#pragma once").lstrip()
            if not head.startswith("///"):
                yield f"{path.relative_to(ROOT)}: a header begins with `#pragma once` and a `///` sentence about what it is for"


def check_one_definition(sources):
    """Two classes of one name in one namespace link without a word and destroy each other's members."""
    seen = {}
    for path in sources:
        if path.suffix != ".h":
            continue
        text = path.read_text(encoding="utf-8")
        namespace = re.search(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
        for name in re.findall(r"^(?:struct|class|union|enum class) (\w+)(?: final)? *(?::[^:{][^{;]*)?\{", text, re.MULTILINE):
            key = (namespace.group(1) if namespace else "", name)
            if key in seen:
                yield f"{path.relative_to(ROOT)}: {name} is also defined in {seen[key].relative_to(ROOT)}: rename one"
            seen.setdefault(key, path)


def check_fuzz_corpora(sources):
    for path in sources:
        if path.name.endswith("_fuzz.cpp"):
            corpus = path.parent / "corpus" / path.stem.removesuffix("_fuzz")
            if not any(corpus.glob("*")) and "no corpus" not in path.read_text(encoding="utf-8").lower():
                yield (f"{path.relative_to(ROOT)}: needs seeds in {corpus.relative_to(ROOT)}/, or a comment with "
                       "'no corpus' and the reason")


def check_tests_begin_with_goal(sources):
    for path in sources:
        if path.name.endswith("_test.cpp"):
            head = path.read_text(encoding="utf-8").lstrip()
            if not head.startswith("//"):
                yield f"{path.relative_to(ROOT)}: a test begins with its goal and method in a comment"


def main():
    files = repository_files()
    sources = sorted(path for path in files
                     if path.suffix in {".h", ".cpp"} and path.is_relative_to(ROOT / "src"))
    if not sources:
        sys.exit("no sources found: run this from a git checkout")
    wrong = [sentence
             for check in (check_ladder(sources), check_includes_exist(sources), check_heavy_headers(sources),
                           check_sizes(sources, files), check_contracts(sources), check_one_definition(sources), check_fuzz_corpora(sources),
                           check_tests_begin_with_goal(sources))
             for sentence in check]
    print(f"{len(sources)} source files, {len(wrong)} findings")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
