"""Runs targets of the Makefile one after the other, stops at the first that fails, and sums up.

Usage: python3 scripts/steps.py TARGET[+TARGET...]...

Targets with a `+` between them run at the same time: for those that compile into different folders
and test nothing, of which each alone leaves cores idle. What a target prints is shown as it comes,
or when it is done if others run beside it, and kept in target/steps/TARGET.log. The summary repeats
the lines with which the test runners of the four languages close.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "target" / "steps"

CARGO = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed")
NODE = re.compile(r"^\W*(pass|fail) (\d+)$")
# What a runner of scenarios says of one file of them.
SCENARIOS = re.compile(r"\b(conformance|faults)/\w+")
COUNTS = re.compile(r"(\d+) passed,? +(\d+) failed")
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
    began = time.monotonic()
    left = [together.split("+") for together in targets]
    while left and all(step.passed for step in steps):
        first, *others = left.pop(0)
        print(f"\n=== make {' and '.join([first, *others])}", flush=True)
        with ThreadPoolExecutor() as threads:
            beside = [threads.submit(run, target, shows=False) for target in others]
            steps.append(run(first, shows=True))
            for target, step in zip(others, beside, strict=True):
                steps.append(step.result())
                print(f"\n=== make {target}, beside {first}")
                print((LOGS / f"{target}.log").read_text(encoding="utf-8"), end="", flush=True)
    not_run = [target for together in left for target in together]
    summarize(steps, not_run, time.monotonic() - began)
    return 0 if all(step.passed for step in steps) else 1


def run(target: str, *, shows: bool) -> Step:
    """Runs one target, and shows what it prints."""
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
            if shows:
                print(line, end="", flush=True)
            log.write(line)
            lines.append(COLOUR.sub("", line.rstrip()))
    return Step(target, time.monotonic() - began, process.returncode == 0, closing_lines(lines))


def closing_lines(lines: Iterable[str]) -> list[str]:
    """The lines with which test runners have closed; some are added up."""
    found: list[str] = []
    cargo = [0, 0]
    node: dict[str, int] = {}
    faults = [0, 0]
    for line in lines:
        if group := SCENARIOS.search(line):
            if (match := COUNTS.search(line)) and group[1] == "faults":
                faults = [faults[0] + int(match[1]), faults[1] + int(match[2])]
        elif match := CARGO.search(line):
            cargo = [cargo[0] + int(match[1]), cargo[1] + int(match[2])]
        elif match := NODE.match(line):
            node[match[1]] = int(match[2])
        elif any(pattern.search(line) for pattern in CLOSING):
            found.append(line.strip("= "))
    if any(cargo):
        found.insert(0, f"cargo test: {cargo[0]} passed, {cargo[1]} failed")
    if node:
        found.append(f"node --test: {node.get('pass', 0)} passed, {node.get('fail', 0)} failed")
    if any(faults):
        found.append(f"of these, the fault suite: {faults[0]} passed, {faults[1]} failed")
    return found


def summarize(steps: list[Step], left: list[str], seconds: float) -> None:
    """Prints a table of what ran, what it said, and how long it took."""
    print("\n=== summary")
    for step in steps:
        print(f"{'ok    ' if step.passed else 'FAILED'} {step.target:<14} {clock(step.seconds)}")
        for line in step.closing:
            print(f"{'':23}{line}")
    for target in left:
        print(f"not run {target}")
    failed = next((step.target for step in steps if not step.passed), None)
    verdict = "all passed" if failed is None else f"{failed} failed: target/steps/{failed}.log"
    print(f"{verdict}, in {clock(seconds)}", flush=True)


def clock(seconds: float) -> str:
    """A length of time as minutes and seconds."""
    return f"{int(seconds // 60):3d}:{seconds % 60:04.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
