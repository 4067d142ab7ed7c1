#!/usr/bin/env python3
"""A server on 127.0.0.1 that answers like the model hub, and misbehaves on request.

Prints its port, then serves until it is killed. The first part of a repository's name chooses
the behaviour:

  plain     two GGUFs, behind a redirect with the digest in X-Linked-Etag; ranges work
  cut       the connection breaks after CUT_BYTES of the first answer
  deaf      as cut, and ranges are ignored afterwards
  short     as cut, and the range that is asked for is answered with another one, once
  damaged   one byte of the content differs from the digest
  long      more bytes than were announced
  gated     401 without the token right-token
  busy      429 with Retry-After: 1 twice, then all is well
  broken    503 always
  abroad    redirects to http on another host
  inward    redirects to https on an address of cloud metadata
  hostile   its listing names the file ../outside.gguf
  split     its only GGUF is in two parts
  folder    a Hugging Face folder with files that do not belong to the model
  pickled   only pytorch_model.bin
  slow      1 KiB every 20 ms, for the first answer

GET /log returns what was asked so far: a list of {path, range, authorization}.
"""

import hashlib
import http.server
import json
import struct
import threading
import time

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CUT_BYTES = 150_000
TOKEN = "Bearer right-token"


def gguf(count: int) -> bytes:
    """A sound GGUF: one key, one F32 tensor of `count` values."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("weights") + struct.pack("<IQIQ", 1, count, 0, 0)
    head += b"\0" * (-len(head) % 32)
    return head + struct.pack(f"<{count}f", *(i % 97 for i in range(count)))


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [256], "data_offsets": [0, 1024]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(1024)


GGUF = {"model-Q4_K_M.gguf": gguf(100_000), "model-Q8_0.gguf": gguf(120_000),
        "README.md": b"# Model\n"}
FOLDER = {
    "config.json": b'{"architectures": ["BertModel"]}',
    "tokenizer.json": b"{}",
    "model.safetensors": safetensors(),
    "1_Pooling/config.json": b"{}",
    "onnx/model.onnx": b"not for us",
    "pytorch_model.bin": b"not for us",
}
SPECIAL = {
    "hostile": {"../outside.gguf": gguf(10)},
    "split": {"m-Q4_K_M-00001-of-00002.gguf": gguf(10), "m-Q4_K_M-00002-of-00002.gguf": gguf(10)},
    "folder": FOLDER,
    "pickled": {"config.json": b"{}", "pytorch_model.bin": b"x"},
}

log: list = []
counts: dict = {}
lock = threading.Lock()


def files_of(kind: str) -> dict:
    return SPECIAL.get(kind, GGUF)


def count(key: str) -> int:
    """How often `key` was counted before."""
    with lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key] - 1


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/log":
            with lock:
                body = json.dumps(log).encode()
            return self.answer(200, body)
        with lock:
            log.append({"path": self.path, "range": self.headers.get("Range"),
                        "authorization": self.headers.get("Authorization"),
                        "host": self.headers.get("Host")})
        path = self.path.split("?")[0].strip("/").split("/")
        if path[:2] == ["api", "models"] and len(path) == 4:
            return self.listing(path[2], path[3])
        if len(path) >= 5 and path[2] == "resolve":
            return self.resolve(path[0], path[3], "/".join(path[4:]))
        if path[0] == "cdn" and len(path) >= 3:
            return self.content(path[1], "/".join(path[2:]))
        return self.answer(404)

    def refused(self, kind: str) -> bool:
        """Answers for the kinds that do not let everyone in at once."""
        if kind == "gated" and self.headers.get("Authorization") != TOKEN:
            self.answer(401, b'{"error": "Access to this model is restricted"}')
        elif kind == "busy" and count("busy") < 2:
            self.answer(429, headers={"Retry-After": "1"})
        elif kind == "broken":
            self.answer(503)
        else:
            return False
        return True

    def listing(self, kind: str, name: str):
        if name == "absent":
            return self.answer(404, b'{"error": "Repository not found"}')
        if self.refused(kind):
            return None
        siblings = []
        for path, content in files_of(kind).items():
            entry = {"rfilename": path, "size": len(content)}
            if path.endswith((".gguf", ".safetensors", ".bin")):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        body = {"id": f"{kind}/{name}", "sha": COMMIT, "cardData": {"license": "apache-2.0"},
                "siblings": siblings}
        return self.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def resolve(self, kind: str, commit: str, path: str):
        content = files_of(kind).get(path)
        if content is None or commit != COMMIT:
            return self.answer(404)
        if self.refused(kind):
            return None
        port = self.server.server_address[1]
        target = {"abroad": "http://192.0.2.1/file", "inward": "https://169.254.169.254/file",
                  # Another host name for the same server: the token must not follow.
                  "gated": f"http://localhost:{port}/cdn/{kind}/{path}"}
        return self.answer(302, headers={
            "Location": target.get(kind, f"/cdn/{kind}/{path}"),
            "X-Linked-Etag": '"' + hashlib.sha256(content).hexdigest() + '"',
            "X-Linked-Size": str(len(content)), "X-Repo-Commit": COMMIT})

    def content(self, kind: str, path: str):
        content = files_of(kind).get(path)
        if content is None:
            return self.answer(404)
        first = count(f"content {kind} {path}") == 0
        if kind == "damaged":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if kind == "long":
            content = content + b"more"
        start = 0
        asked = self.headers.get("Range")
        if asked and kind != "deaf":
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416, headers={"Content-Range": f"bytes */{len(content)}"})
            if kind == "short" and count("short range") == 0:
                start += 7
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        body = content[start:]
        if first and kind in ("cut", "deaf", "short"):
            self.wfile.write(body[:CUT_BYTES])
            self.wfile.flush()
            self.close_connection = True
            return None
        if not first or kind != "slow":
            self.wfile.write(body)
            return None
        for i in range(0, len(body), 1024):
            self.wfile.write(body[i:i + 1024])
            self.wfile.flush()
            time.sleep(0.02)
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that goes away is part of the tests


def main():
    server = Server(("127.0.0.1", 0), Hub)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
