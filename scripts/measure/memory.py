"""How much memory Python takes at most while it streams a feed of 1 GB.

Usage: python scripts/measure/memory.py [blobs] [records] [bytes a record]

The sandbox is a process of its own, so that only the client's memory counts: VmHWM, as the kernel
has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import m365kit

SANDBOX = """
import json, sys
import m365kit
blobs, records, size = map(int, sys.argv[1:])
with m365kit.Sandbox(days=1, blobs=blobs, records=records, record_bytes=size) as sandbox:
    print(json.dumps(sandbox.control("describe")), flush=True)
    sys.stdin.read()
"""
PROMISED = 200.0
"""Megabytes."""


def main(blobs: str, records: str, size: str) -> int:
    """Streams, and prints the figures; the exit status says whether they keep the promise."""
    command = [sys.executable, "-c", SANDBOX, blobs, records, size]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdin is not None
        about = json.loads(sandbox.stdout.readline())
        before = peak()
        credential = m365kit.ClientSecret(about["clientId"], about["clientSecret"])
        cloud = m365kit.Cloud.custom(**about["cloud"])
        count = size_read = 0
        began = time.monotonic()
        with m365kit.Client(
            about["tenant"], credential=credential, cloud=cloud, rate_limit=120_000
        ) as client:
            for record in client.audit.records(last="25h"):
                count += 1
                size_read += len(record.raw)
        seconds = time.monotonic() - began
        sandbox.stdin.close()
    most = peak()
    megabytes = size_read / 1e6
    rate = megabytes / seconds
    print(f"records                  {count}")
    print(f"streamed                 {megabytes:.0f} MB in {seconds:.1f} s: {rate:.0f} MB/s")
    print(f"memory at the start      {before:.0f} MB")
    print(f"memory at most           {most:.0f} MB")
    return 1 if most > PROMISED else 0


def peak() -> float:
    """The most memory this process ever held, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM in /proc/self/status")


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:4] if len(sys.argv) > 3 else ("1000", "500", "2048"))))
