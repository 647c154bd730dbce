"""Runs programs in turns, and keeps what they say of themselves."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .programs import Program
from .server import Server

# Seconds that a run may take.
PATIENCE = 900


@dataclass
class Runs:
    """All runs of a program."""

    name: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def median(self, member: str) -> float | None:
        """The median of what the runs say; none if a run said nothing of it, or there was none."""
        values = [line.get(member) for line in self.lines]
        known = [float(value) for value in values if value is not None]
        return statistics.median(known) if known and len(known) == len(values) else None

    @property
    def seconds(self) -> float | None:
        """From the first step after the start of the program to the result."""
        return self.median("seconds")

    @property
    def cpu(self) -> float | None:
        """Seconds of the processor, of all threads."""
        return self.median("cpu")

    @property
    def peak(self) -> float | None:
        """Bytes of memory at most."""
        return self.median("peak")

    def report(self) -> dict[str, Any]:
        """As it stands in the file of results."""
        medians = {name: self.median(name) for name in ("seconds", "cpu", "peak")}
        return {"median": medians, "runs": self.lines}


def run(program: Program, server: Server) -> dict[str, Any] | None:
    """Runs a program once; none if it failed, and then what it said was printed."""
    environment = os.environ | server.environment | program.environment
    try:
        done = subprocess.run(
            program.command,
            check=False,
            cwd=program.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0 and lines:
            line: dict[str, Any] = json.loads(lines[-1])
            return line
        complaint = done.stderr[-2000:] or f"exit status {done.returncode}"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        complaint = str(error)
    print(f"FAILED {program.name}\n{complaint}", flush=True)
    return None


def in_turns(
    programs: Iterable[Program], server: Server, times: int, records: int | None = None
) -> dict[str, Runs]:
    """Runs each so often, one after the other, so that what the machine does meanwhile strikes all.

    A run that does not give as many records as there are is told of, and does not count.
    """
    programs = list(programs)
    all_runs = {program.name: Runs(program.name) for program in programs}
    given_up: set[str] = set()
    for number in range(times):
        began = time.monotonic()
        for program in programs:
            if program.name in given_up:
                continue
            line = run(program, server)
            if line is None:
                given_up.add(program.name)
            elif records is not None and line.get("records") not in (records, 0):
                print(f"FAILED {program.name}: {line.get('records')} records of {records}")
                given_up.add(program.name)
            else:
                all_runs[program.name].lines.append(line)
        took = time.monotonic() - began
        print(f"  round {number + 1} of {times}: {took:.0f} s", flush=True)
    for name in given_up:
        all_runs[name].lines.clear()
    return all_runs


def table(title: str, all_runs: Mapping[str, Runs]) -> str:
    """Medians, a line a program."""
    lines = [f"{title:<34}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}{'result MB':>11}"]
    for runs in all_runs.values():
        cells = [
            number(runs.seconds, ".3f", 10),
            number(runs.cpu, ".3f", 10),
            number(runs.peak, ".0f", 10, 1e6),
            number(runs.median("result"), ".0f", 11, 1e6, absent=""),
        ]
        lines.append(f"{runs.name:<34}" + "".join(cells))
    return "\n".join(lines)


def number(
    value: float | None, form: str, width: int, unit: float = 1.0, *, absent: str = "-"
) -> str:
    """A number, or that there is none."""
    return f"{absent if value is None else format(value / unit, form):>{width}}"
