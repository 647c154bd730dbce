"""How long `import m365kit` and `require('m365kit')` take in a fresh process: the median of 20.

Usage: python scripts/measure/startup.py [processes]

The figure is that of the import alone, without the start of the interpreter. Files are in the
system's cache, after a first process that is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """
import time
began = time.perf_counter()
import m365kit
print((time.perf_counter() - began) * 1e3)
"""
NODE = """
const began = performance.now();
require('m365kit');
console.log(performance.now() - began);
"""
PROMISED = 50.0
"""Milliseconds."""


def main(processes: int) -> int:
    """Measures both; the exit status says whether both keep the promise."""
    project = ROOT / "target" / "examples" / "node"
    slow = 0
    for name, command, folder in [
        ("import m365kit     (Python)", [sys.executable, "-c", PYTHON], Path("/")),
        ("require('m365kit') (Node)", ["node", "-e", NODE], project),
    ]:
        times = [float(subprocess.check_output(command, cwd=folder)) for _ in range(processes + 1)][
            1:
        ]
        median = statistics.median(times)
        print(f"{name:<28} {median:5.1f} ms   ({min(times):.1f} to {max(times):.1f})")
        slow += median > PROMISED
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
