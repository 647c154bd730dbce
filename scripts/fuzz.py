"""Builds the fuzz targets of core/fuzz and runs them one after the other.

Usage: python3 scripts/fuzz.py [--runs N] [TARGET...]

Works with the stable compiler: core/fuzz/rustc.sh has it count the edges that are taken, and
libFuzzer (C++, within the crate libfuzzer-sys) does the rest. What it learns is kept in
target/fuzz/corpus and is where the next run begins; an input that breaks something is left in
target/fuzz/crashes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATE = ROOT / "core" / "fuzz"
WORK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "fuzz"

# The longest input, in bytes: shapes matter here, not sizes.
LONGEST = 1024
# Of those that work on files, only so large a part of the runs.
SLOW = {"state_file": 100}
# Where files cost little.
MEMORY = Path("/dev/shm")
# Seconds after which one input counts as one that hangs.
PATIENCE = 10


@dataclass
class Outcome:
    """What became of a target."""

    target: str
    executions: int
    seconds: float
    edges: str
    passed: bool
    crashes: list[Path]


def main() -> int:
    """Runs all targets, or those that are named; the exit status says whether all held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200_000, help="executions per target")
    parser.add_argument("target", nargs="*")
    options = parser.parse_args()
    known = sorted(path.stem for path in (CRATE / "fuzz_targets").glob("*.rs"))
    if unknown := set(options.target) - set(known):
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(known)}")

    programs = build()
    outcomes = []
    for target in options.target or known:
        outcomes.append(run(programs / target, options.runs // SLOW.get(target, 1)))
        report(outcomes[-1], total(outcomes[-1]))
    failed = [outcome.target for outcome in outcomes if not outcome.passed]
    print(f"{len(outcomes)} fuzz targets ran, {len(failed)} failed")
    return 1 if failed else 0


def build() -> Path:
    """Builds all targets; gives the folder that they are in."""
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.search(r"^host: (\S+)", version, re.MULTILINE)
    assert host is not None, version
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(WORK),
        "RUSTC_WRAPPER": str(CRATE / "rustc.sh"),
        "RUSTFLAGS": "--cfg fuzzing",
    }
    # With a target named, what runs while building is built without the wrapper's flags.
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target", host[1]]
    subprocess.run(command, cwd=CRATE, env=environment, check=True)
    return WORK / host[1] / "release"


def run(program: Path, runs: int) -> Outcome:
    """Runs a target from what is known of it and what is committed."""
    target = program.name
    corpus, crashes = WORK / "corpus" / target, WORK / "crashes" / target
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    began = time.monotonic()
    log = WORK / f"{target}.log"
    with log.open("wb") as out:
        code = subprocess.run(
            [
                program,
                f"-runs={runs}",
                f"-max_len={LONGEST}",
                f"-timeout={PATIENCE}",
                f"-dict={CRATE / 'words.dict'}",
                f"-artifact_prefix={crashes}/",
                "-print_final_stats=1",
                corpus,
                # A target that makes trees of any bytes needs no seeds.
                *filter(Path.is_dir, [CRATE / "corpus" / target]),
            ],
            cwd=WORK,
            env=os.environ | ({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {}),
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    found = sorted(set(crashes.iterdir()) - before)
    executions = re.search(r"stat::number_of_executed_units: (\d+)", text)
    edges = re.findall(r" cov: (\d+)", text)
    of = re.search(r"\((\d+) inline 8-bit counters\)", text)
    return Outcome(
        target,
        int(executions[1]) if executions else 0,
        time.monotonic() - began,
        f"{edges[-1] if edges else 0} of {of[1] if of else 0}",
        code == 0 and executions is not None,
        found,
    )


def total(outcome: Outcome) -> int:
    """Adds to what is kept of earlier runs; gives all executions of the target so far."""
    path = WORK / "executions.json"
    counts: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    counts[outcome.target] = counts.get(outcome.target, 0) + outcome.executions
    path.write_text(json.dumps(counts, indent=1) + "\n")
    return counts[outcome.target]


def report(outcome: Outcome, executions: int) -> None:
    """Prints a line on what became of a target, and more if it did not hold."""
    print(
        f"{'ok    ' if outcome.passed else 'FAILED'} {outcome.target:<12}"
        f" {outcome.executions:>11,} executions in {outcome.seconds:6.1f} s"
        f" ({executions:,} in all), {outcome.edges} edges, {len(outcome.crashes)} crashes",
        flush=True,
    )
    if not outcome.passed:
        log = (WORK / f"{outcome.target}.log").read_text(encoding="utf-8", errors="replace")
        print("\n".join(log.splitlines()[-40:]))
    for crash in outcome.crashes:
        print(f"       {crash}: {crash.read_bytes()[:300]!r}")


if __name__ == "__main__":
    sys.exit(main())
