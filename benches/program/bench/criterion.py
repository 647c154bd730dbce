"""The parts alone, by Criterion: the decoder and the pager."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from .aims import Aim
from .server import ROOT

CRATE = "m365kit-bench-core"
COMMAND = ("cargo", "bench", "--quiet", "--locked", "-p", CRATE, "--", "--quick")
# A figure is announced by its name, on its line or on the one before; three estimates, and the
# middle one is the best.
FIGURE = re.compile(
    r"^(?P<name>\S[^\n]*?)\s+time:\s+\[\S+ \S+ (?P<time>\S+ \S+) [^]]*\]"
    r"(?:\s+thrpt:\s+\[\S+ \S+ (?P<rate>\S+ \S+) [^]]*\])?",
    re.MULTILINE,
)


def run(times: int) -> tuple[list[Aim], dict[str, Any]]:
    """Runs them, quickly; prints a line each. Nothing is aimed at here."""
    del times
    done = subprocess.run(COMMAND, cwd=ROOT, check=False, capture_output=True, text=True)
    figures = [match.groupdict() for match in FIGURE.finditer(done.stdout)]
    if done.returncode or not figures:
        print(f"FAILED {' '.join(COMMAND)}\n{(done.stderr or done.stdout)[-2000:]}")
    for figure in figures:
        print(f"{figure['name']:<44}{figure['time']:>14}{figure['rate'] or '':>16}")
    print()
    return [], {"benches": figures}
