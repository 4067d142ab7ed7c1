#!/usr/bin/env python3
"""first_chat.py BASE_URL PID: waits for the server, streams one chat answer to the terminal, prints three figures.

Only Python's standard library, because ./quickstart runs it on a machine where nothing else is installed.
"""
import http.client
import json
import sys
import time
import urllib.parse

QUESTION = "What is a hydraulic pump, in two sentences?"
READY_SECONDS_MAX = 120


def wait_until_ready(address, pid):
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection(address, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        if not is_alive(pid):
            sys.exit("the server has ended before it was ready")
        time.sleep(0.05)
    sys.exit(f"the server was not ready within {READY_SECONDS_MAX} s")


def status_fields(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.split(":", 1) for line in file if ":" in line)


def is_alive(pid):
    try:
        return not status_fields(pid)["State"].strip().startswith("Z")
    except OSError:
        return False


def events(response):
    """The JSON objects of a server-sent event stream, up to [DONE]."""
    for line in response:
        if line.startswith(b"data: "):
            data = line[len(b"data: "):].strip()
            if data == b"[DONE]":
                return
            yield json.loads(data)
    sys.exit("the stream ended without [DONE]")


def main():
    base_url, pid = sys.argv[1], int(sys.argv[2])
    address = urllib.parse.urlsplit(base_url).netloc
    wait_until_ready(address, pid)

    print(f"\n      > {QUESTION}\n\n      ", end="", flush=True)
    connection = http.client.HTTPConnection(address, timeout=300)
    body = {"model": "default", "stream": True, "stream_options": {"include_usage": True}, "temperature": 0,
            "max_completion_tokens": 120, "messages": [{"role": "user", "content": QUESTION}]}
    sent = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        sys.exit(f"HTTP {response.status}: {response.read(2000).decode(errors='replace')}")

    first = last = None
    tokens = 0
    for event in events(response):
        if "error" in event:
            sys.exit(event["error"]["message"])
        for choice in event["choices"]:
            text = choice["delta"].get("content") or ""
            if text:
                last = time.monotonic()
                first = first or last
                print(text.replace("\n", "\n      "), end="", flush=True)
        if event.get("usage"):
            tokens = event["usage"]["completion_tokens"]
    if first is None:
        sys.exit("the answer was empty")

    rate = (tokens - 1) / (last - first) if last > first else float("nan")
    peak_mib = int(status_fields(pid)["VmHWM"].split()[0]) / 1024
    print(f"\n\n      time to first token {1000 * (first - sent):.0f} ms | {rate:.1f} tokens/s"
          f" | {tokens} tokens | peak memory {peak_mib:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
