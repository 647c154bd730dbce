"""A server that refuses: aim 6.

Almost all of this is waiting, so that all of it is done at once; each program has a server of its
own.
"""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import programs
from .aims import Aim, at_most, ratio
from .programs import Program
from .runs import number
from .runs import run as run_once
from .server import Server

PER_MINUTE = 600
FORMS: dict[str, dict[str, Any]] = {
    "no Retry-After": {},
    "Retry-After: 5": {"retryAfter": 5},
    "refused requests count": {"countRefused": True},
}
KNOWN, UNKNOWN, SCRIPT = "limit known", "limit to be found", "script"


@dataclass
class Outcome:
    """What became of a run."""

    form: str
    who: str
    seconds: float | None
    ideal: float
    requests: int
    refused: int
    lost: int


def run(times: int) -> tuple[list[Aim], dict[str, Any]]:
    """Runs all, prints the table; the aims, and the figures. Once is enough: the clock decides."""
    del times
    known = programs.rust("records", options=("--rate-limit", str(PER_MINUTE)))
    unknown = programs.rust("records", options=("--concurrency", "16"))
    who = {KNOWN: known, UNKNOWN: unknown, SCRIPT: programs.script("list")}
    pairs = [(form, name) for form in FORMS for name in who]
    with ThreadPoolExecutor(len(pairs)) as pool:
        outcomes = list(pool.map(lambda pair: limited(pair[0], pair[1], who[pair[1]]), pairs))
    print("\n" + table(outcomes) + "\n")
    return aims(outcomes), {"outcomes": [asdict(outcome) for outcome in outcomes]}


def limited(form: str, who: str, program: Program) -> Outcome:
    """One program at one limit."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"rateLimit": {"perMinute": PER_MINUTE, **FORMS[form]}}))
        with Server({"blobs": 300, "records": 20}, config) as server:
            records = server.records()
            line = run_once(program, server)
            stats = server.control("stats")
    refused = int(stats["refused"])
    # Those for tokens are not limited.
    asked = int(stats["requests"]) - int(stats["tokens"])
    ideal = (asked - refused) / (PER_MINUTE / 60)
    seconds = None if line is None else float(line["seconds"])
    lost = records if line is None else records - int(line["records"])
    return Outcome(form, who, seconds, ideal, asked, refused, lost)


def table(outcomes: list[Outcome]) -> str:
    """A line a run."""
    lines = [
        f"{'At 600 requests a minute':<44}{'seconds':>9}{'ideal':>8}"
        f"{'requests':>10}{'refused':>9}{'lost':>7}"
    ]
    for one in outcomes:
        lines.append(
            f"{one.form:<24}{one.who:<20}{number(one.seconds, '.1f', 9)}{one.ideal:>8.1f}"
            f"{one.requests:>10}{one.refused:>9}{one.lost:>7}"
        )
    return "\n".join(lines)


def aims(outcomes: list[Outcome]) -> list[Aim]:
    """What the figures come to."""
    found = []
    for one in outcomes:
        if one.who == SCRIPT:
            continue
        what = f"{one.form}, {one.who}"
        share = 0.01 if one.who == KNOWN else 0.03
        found += [
            at_most(6, f"{what}: time, of the ideal", 1.05, ratio(one.seconds, one.ideal)),
            at_most(6, f"{what}: records lost", 0, one.lost, ""),
            at_most(6, f"{what}: refusals", share, ratio(one.refused, one.requests), ""),
        ]
    return found
