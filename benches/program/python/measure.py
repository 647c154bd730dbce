"""How long a run takes, how much work of the processor it is, and how much memory it needs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any


def tenant() -> dict[str, Any]:
    """What the server prints when it has started: where it is, and how to sign in."""
    at: dict[str, Any] = json.loads(os.environ["BENCH_TENANT"])
    return at


class Run:
    """A run that is being measured; it begins when it is made."""

    def __init__(self) -> None:
        """Begins."""
        self.cpu = time.process_time()
        self.began = time.perf_counter()

    def end(self, **found: object) -> None:
        """Ends, and prints a line of JSON: seconds, seconds of the processor, bytes of memory."""
        seconds = time.perf_counter() - self.began
        cpu = time.process_time() - self.cpu
        print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak(), **found}), flush=True)


def peak() -> int | None:
    """The most memory this process ever held; `getrusage` begins with that of the parent."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
