"""Three decades of size, many blobs, and one large one: aim 5, and what a byte costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import decode, programs
from .aims import Aim, at_most, ratio
from .programs import Program
from .runs import Runs, in_turns, number
from .server import Server

# What the server holds of a feed that is larger than this is told over and over.
KEPT: dict[str, float] = {"keep_bytes": 400_000_000, "record_bytes": 1_300}
FEEDS: dict[str, dict[str, float]] = {
    "3 MB": {"blobs": 20, "records": 100},
    "30 MB": {"blobs": 200, "records": 100},
    "300 MB": {"blobs": 2_000, "records": 100},
    "3 GB": {"blobs": 20_000, "records": 100, "distinct_blobs": 400},
    "100,000 tiny blobs": {"blobs": 100_000, "records": 1, "distinct_blobs": 400},
    "one blob of 50 MB": {"blobs": 0, "records": 1, "large_blob": 37_700},
}
FLAT = ("300 MB", "3 GB", "100,000 tiny blobs")
LARGE = "one blob of 50 MB"


def run(times: int) -> tuple[list[Aim], dict[str, Any]]:
    """Runs all, prints the table; the aims, and the figures."""
    compared: list[Program] = [
        programs.rust("records"),
        programs.rust("lines"),
        programs.rust("arrow"),
        programs.python("loop"),
    ]
    found: dict[str, dict[str, Runs]] = {}
    sizes: dict[str, int] = {}
    for feed, options in FEEDS.items():
        print(f"\n{feed}")
        with Server(KEPT | options) as server:
            records = server.records()
            sizes[feed] = decode.prepared(server)
            found[feed] = in_turns(compared, server, times, records)
    print("\n" + costs(found, sizes, [program.name for program in compared]))
    figures = {
        feed: {"bytes": sizes[feed]} | {name: runs.report() for name, runs in of.items()}
        for feed, of in found.items()
    }
    return list(aims(found, sizes, [program.name for program in compared])), figures


def costs(found: dict[str, dict[str, Runs]], sizes: dict[str, int], names: Iterable[str]) -> str:
    """What each feed takes: if the cost is linear, seconds and CPU for a gigabyte stay."""
    lines = [
        f"{'Scale':<20}{'program':<16}{'MB':>7}{'seconds':>10}{'s/GB':>8}"
        f"{'CPU s/GB':>10}{'peak MB':>9}"
    ]
    for name in names:
        for feed, of in found.items():
            runs = of[name]
            gigabytes = sizes[feed] / 1e9
            lines.append(
                f"{feed:<20}{name:<16}{sizes[feed] / 1e6:>7.0f}"
                + number(runs.seconds, ".3f", 10)
                + number(ratio(runs.seconds, gigabytes), ".2f", 8)
                + number(ratio(runs.cpu, gigabytes), ".2f", 10)
                + number(runs.peak, ".0f", 9, 1e6)
            )
    return "\n".join(lines) + "\n"


def aims(
    found: dict[str, dict[str, Runs]], sizes: dict[str, int], names: list[str]
) -> Iterable[Aim]:
    """What the figures come to. That a feed of tiny blobs takes less memory is no fault."""
    for name in names:
        first = found[FLAT[0]][name].peak
        for feed in FLAT[1:]:
            grown = ratio(found[feed][name].peak, first)
            yield at_most(5, f"{name}, memory for {feed}, of that for 300 MB", 1.2, grown)
    for name in names:
        yield at_most(
            5,
            f"{name}, memory for {LARGE}, of its size",
            4,
            ratio(found[LARGE][name].peak, sizes[LARGE]),
        )
