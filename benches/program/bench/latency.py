"""A server that is far away: aim 4."""

from __future__ import annotations

from typing import Any

from . import programs
from .aims import Aim, at_most, ratio
from .runs import in_turns, table
from .server import Server

BLOBS = 2_000
LATENCY = 0.05
CONCURRENCY = 16
# What can be best at this concurrency: the fetches alone, always as many as may be under way.
IDEAL = BLOBS * LATENCY / CONCURRENCY


def run(times: int) -> tuple[list[Aim], dict[str, Any]]:
    """Runs all, prints the table; the aims, and the figures."""
    fixed = programs.rust("records", name="rust: at concurrency 16")
    free = programs.rust(
        "records", name="rust: as it chooses", options=("--rate-limit", programs.UNLIMITED)
    )
    downloader = programs.floor("count")
    feed = {"blobs": BLOBS, "records": 20, "keep_bytes": 400_000_000}
    print(f"\n{BLOBS:,} blobs at {LATENCY * 1e3:.0f} ms: ideal {IDEAL:.2f} s")
    with Server(feed) as server:
        records = server.records()
        in_turns([downloader], server, 1)
        server.control("latency", seconds=LATENCY)
        runs = in_turns([downloader, fixed, free], server, times)
    for name in (fixed.name, free.name):
        if any(line["records"] != records for line in runs[name].lines):
            print(f"FAILED {name}: not all records came")
            runs[name].lines.clear()
    print("\n" + table("Latency", runs) + "\n")
    chosen = ratio(runs[free.name].seconds, runs[fixed.name].seconds)
    return [
        at_most(
            4, "50 ms at concurrency 16, of the ideal", 1.08, ratio(runs[fixed.name].seconds, IDEAL)
        ),
        at_most(4, "as the library chooses, of the time at 16", 1.0, chosen),
    ], {"ideal": IDEAL} | {name: of.report() for name, of in runs.items()}
