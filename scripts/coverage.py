"""Tells which scenario covers an operation on a wire.

Usage: python3 scripts/coverage.py [--check | --write] [GROUP...]

Reads the tables of operations in the core and the scenarios of tests/conformance, and prints a
Markdown table for each group: a scenario in which the operation succeeds, or is refused because
the wire has it not. An empty cell is a failure. The tables stand in docs/conformance.md between
markers; `--check` says whether they are those, `--write` makes them so.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"
SCENARIOS = ROOT / "tests" / "conformance"
WIRES = ("graph", "office365")
# Each handle's table; one that is not there yet has no operations.
TABLES = {
    "service_health": ROOT / "core" / "src" / "service_health" / "mod.rs",
    "discovery": ROOT / "core" / "src" / "discovery" / "mod.rs",
}


@dataclass(frozen=True)
class Seen:
    """A call in a scenario, and what came of it."""

    operation: str
    wire: str
    scenario: str
    refused: bool
    # How many operations the scenario is about.
    others: int


def operations(group: str) -> list[str]:
    """The operations of a group, in the order of its table."""
    table = TABLES[group]
    if not table.exists():
        return []
    _, _, lines = table.read_text(encoding="utf-8").partition("\noperations! {")
    return re.findall(r"^ {8}(\w+)\(\w+\) -> ", lines, flags=re.MULTILINE)


def calls(path: Path) -> list[Seen]:
    """The calls in a file that say whether an operation is there."""
    seen = []
    for scenario in json.loads(path.read_text(encoding="utf-8"))["scenarios"]:
        own = scenario.get("client", {}).get("wire") or "graph"
        wire = own
        about = len({step["call"] for step in scenario["steps"] if "call" in step})
        for step in scenario["steps"]:
            if "client" in step:
                wire = step["client"].get("wire", own) or "graph"
            elif "call" in step and (refused := outcome(step)) is not None:
                seen.append(Seen(step["call"], wire, scenario["name"], refused, about))
    return seen


def outcome(step: dict[str, Any]) -> bool | None:
    """Whether the wire lacks the operation; none if it failed for another reason."""
    error = step["expect"].get("error")
    if error is None:
        return False
    return True if error.get("kind") == "UnsupportedOnWire" else None


def table(group: str, seen: list[Seen]) -> tuple[str, list[str]]:
    """The table of a group, and which of its cells are empty."""
    first: dict[tuple[str, str], Seen] = {}
    # What is about this operation alone says most of it.
    for call in sorted(seen, key=lambda call: (call.refused, call.others)):
        first.setdefault((call.operation, call.wire), call)
    rows = ["| operation | `graph` | `office365` | languages |", "|---|---|---|---|"]
    empty: list[str] = []
    for name in operations(group):
        cells = []
        for wire in WIRES:
            found = first.get((f"{group}.{name}", wire))
            if found is None:
                empty.append(f"{group}.{name} on {wire}")
                cells.append("")
            else:
                cells.append(f"{'refused: ' if found.refused else ''}{found.scenario}")
        rows.append(f"| `{name}` | {cells[0]} | {cells[1]} | all four |")
    return "\n".join(rows), empty


def placed(page: str, group: str, rows: str) -> str:
    """The page with the table between the group's markers."""
    markers = f"<!-- coverage: {group} -->\n", f"\n<!-- /coverage: {group} -->"
    before, found, rest = page.partition(markers[0])
    _, closed, after = rest.partition(markers[1])
    if not (found and closed):
        raise SystemExit(f"{PAGE.name} has no markers for {group}")
    return f"{before}{markers[0]}{rows}{markers[1]}{after}"


def main() -> int:
    """Runs the program."""
    parser = argparse.ArgumentParser(description="Which scenario covers an operation on a wire.")
    parser.add_argument("--check", action="store_true", help="fail unless the page has them")
    parser.add_argument("--write", action="store_true", help="put them into the page")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="default: all of the page")
    chosen = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    groups = chosen.groups or [group for group in TABLES if f"<!-- coverage: {group} -->" in page]
    if unknown := [group for group in groups if group not in TABLES]:
        parser.error(f"no group {unknown[0]}: there are {', '.join(TABLES)}")
    seen = [call for path in sorted(SCENARIOS.glob("*.json")) for call in calls(path)]
    failures = []
    now = page
    for group in groups:
        rows, empty = table(group, seen)
        failures += [f"no scenario covers {cell}" for cell in empty]
        if chosen.check or chosen.write:
            now = placed(now, group, rows)
        else:
            print(rows)
    if chosen.write and now != page:
        PAGE.write_text(now, encoding="utf-8")
    elif chosen.check and now != page:
        failures.append(f"{PAGE.name} is out of date: run python3 scripts/coverage.py --write")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
