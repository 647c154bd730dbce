"""Starts many short programs that exit in the middle of calls, and counts those that end badly.

python exits.py --count 300
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import m365kit

PROGRAMS = Path(__file__).parent / "programs"
MANNERS = (
    "blocking",
    "daemon_thread",
    "asyncio_run",
    "asyncio_left",
    "token",
    "logs",
    "follow_blocking",
    "follow_files",
    "follow_left",
    "columns_blocking",
    "columns_daemon",
    "columns_library",
    "columns_left",
    "records_left",
)
LIMIT = 20


def run(manner: str, about: dict[str, Any], delay: float) -> str | None:
    """Runs one program; what was wrong with its end, or nothing."""
    command = [sys.executable, "-X", "faulthandler", str(PROGRAMS / "exit.py"), manner, str(delay)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(about),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{manner}: did not end within {LIMIT} s"
    if done.returncode != 0 or done.stderr:
        return f"{manner}: exit {done.returncode}: {done.stderr[-2000:]}"
    return None


def run_many(count: int, seed: int = 1) -> list[str]:
    """Runs that many programs, of all manners in turn; gives what was wrong with their ends."""
    random.seed(seed)
    with (
        m365kit.Sandbox(blobs=60, records=20) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        # Some answers come while Python goes down, and some never.
        sandbox.fault({"delay": 0.05}, match={"operation": "blob"}, when={"every": 2})
        sandbox.fault({"stall": True}, match={"operation": "blob"}, when={"every": 7})
        about = sandbox.control("describe")
        plan = [
            (
                MANNERS[number % len(MANNERS)],
                # Some way on, another program goes on from what this one has left behind.
                {**about, "state": f"{folder}/{number % (3 * len(MANNERS))}"},
                random.uniform(0, 0.3),
            )
            for number in range(count)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return [wrong for wrong in threads.map(lambda one: run(*one), plan) if wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begin = time.monotonic()
    wrong = run_many(options.count, options.seed)
    for one in wrong:
        print(one)
    took = time.monotonic() - begin
    print(f"{options.count} programs in {took:.0f} s, {len(wrong)} ended badly")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
