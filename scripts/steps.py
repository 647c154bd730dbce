"""Runs targets of the Makefile one after the other, stops at the first that fails, and sums up.

Usage: python3 scripts/steps.py TARGET...

What a target prints is shown as it comes and kept in target/steps/TARGET.log. The summary repeats
the lines with which the test runners of the four languages close.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "target" / "steps"

CARGO = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed")
NODE = re.compile(r"^\W*(pass|fail) (\d+)$")
CLOSING = [
    # Conformance runners, ours.
    re.compile(r"\d+ passed, \d+ failed"),
    # pytest.
    re.compile(r"^=*\s*\d+ (passed|failed).* in [\d.]+s"),
    # Swift Testing, and XCTest.
    re.compile(r"Test run with \d+ tests?.* (passed|failed)"),
    re.compile(r"Executed \d+ tests?, with [1-9]"),
    # The examples, ours.
    re.compile(r"^\d+ examples? "),
]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Step:
    """What became of a target."""

    target: str
    seconds: float
    passed: bool
    closing: list[str]


def main(targets: list[str]) -> int:
    """Runs the targets; the exit status says whether all passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    steps: list[Step] = []
    for target in targets:
        print(f"\n=== make {target}", flush=True)
        steps.append(run(target))
        if not steps[-1].passed:
            break
    summarize(steps, targets[len(steps) :])
    return 0 if all(step.passed for step in steps) else 1


def run(target: str) -> Step:
    """Runs one target."""
    began = time.monotonic()
    lines: list[str] = []
    # An outer make's jobs are its own.
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    with (
        (LOGS / f"{target}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            ["make", "--no-print-directory", target],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            log.write(line)
            lines.append(COLOUR.sub("", line.rstrip()))
    return Step(target, time.monotonic() - began, process.returncode == 0, closing_lines(lines))


def closing_lines(lines: Iterable[str]) -> list[str]:
    """The lines with which test runners have closed; those of cargo and Node are added up."""
    found: list[str] = []
    cargo = [0, 0]
    node: dict[str, int] = {}
    for line in lines:
        if match := CARGO.search(line):
            cargo = [cargo[0] + int(match[1]), cargo[1] + int(match[2])]
        elif match := NODE.match(line):
            node[match[1]] = int(match[2])
        elif any(pattern.search(line) for pattern in CLOSING):
            found.append(line.strip("= "))
    if any(cargo):
        found.insert(0, f"cargo test: {cargo[0]} passed, {cargo[1]} failed")
    if node:
        found.append(f"node --test: {node.get('pass', 0)} passed, {node.get('fail', 0)} failed")
    return found


def summarize(steps: list[Step], left: list[str]) -> None:
    """Prints a table of what ran, what it said, and how long it took."""
    print("\n=== summary")
    for step in steps:
        print(f"{'ok    ' if step.passed else 'FAILED'} {step.target:<14} {clock(step.seconds)}")
        for line in step.closing:
            print(f"{'':23}{line}")
    for target in left:
        print(f"not run {target}")
    total = sum(step.seconds for step in steps)
    failed = next((step.target for step in steps if not step.passed), None)
    verdict = "all passed" if failed is None else f"{failed} failed: target/steps/{failed}.log"
    print(f"{verdict}, in {clock(total)}", flush=True)


def clock(seconds: float) -> str:
    """A length of time as minutes and seconds."""
    return f"{int(seconds // 60):3d}:{seconds % 60:04.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
