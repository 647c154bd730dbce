"""Runs all of it, or the sections that BENCH_ONLY names; figures go to target/bench/results.json.

Usage: python -m bench        (BENCH_RUNS=5 BENCH_ONLY=decode,scale,latency,limits,criterion)
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import criterion, decode, latency, limits, page, scale
from .aims import Aim
from .server import ROOT

SECTIONS: dict[str, Callable[[int], tuple[list[Aim], dict[str, Any]]]] = {
    "decode": decode.run,
    "scale": scale.run,
    "latency": latency.run,
    "limits": limits.run,
    "criterion": criterion.run,
}
RESULTS = ROOT / "target" / "bench" / "results.json"


def main() -> int:
    """Runs; the exit status says whether everything could be measured, not whether it was fast."""
    times = int(os.environ.get("BENCH_RUNS") or 5)
    wanted = (os.environ.get("BENCH_ONLY") or ",".join(SECTIONS)).split(",")
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown or times < 1:
        print(f"BENCH_ONLY takes some of {', '.join(SECTIONS)}, and BENCH_RUNS at least 1")
        return 2
    began = time.monotonic()
    aims: list[Aim] = []
    figures: dict[str, Any] = {}
    for name in wanted:
        print(f"== {name}", flush=True)
        reached, figures[name] = SECTIONS[name](times)
        aims += reached
    print(f"{'#  aim':<65}{'target':>12}{'measured':>12}")
    print("\n".join(aim.show() for aim in aims))
    met = sum(aim.met for aim in aims)
    print(f"{met} of {len(aims)} met, in {time.monotonic() - began:.0f} s")
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "cpu": platform.machine(),
        },
        "runs": times,
        "aims": [aim.report() for aim in aims],
        **figures,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    as_page = RESULTS.with_suffix(".md")
    as_page.write_text(page.page(results))
    print(f"all figures: {RESULTS.relative_to(ROOT)}; as a page: {as_page.relative_to(ROOT)}")
    return 0 if all(aim.measured is not None for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
