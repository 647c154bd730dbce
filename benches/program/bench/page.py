"""The figures as a page in Markdown, to be put into docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .runs import number


def page(results: Mapping[str, Any]) -> str:
    """All tables of a run; sections that were not run are left out."""
    machine = results["machine"]
    parts = [
        f"Measured on {results['at'][:10]} on {machine['cores']} cores ({machine['system']}, "
        f"{machine['cpu']}), medians of {results['runs']} runs.\n"
    ]
    if aims := results["aims"]:
        parts.append(rows(("aim", "", "target", "measured", ""), map(aim, aims)))
    if "decode" in results:
        of = results["decode"]
        parts.append(f"{of['feed']['bytes'] / 1e6:.0f} MB, {of['feed']['records']:,} records:\n")
        parts.append(programs(of["ceiling"] | of["programs"]))
    if "scale" in results:
        parts.append("What a byte costs, and how much memory the whole of it:\n")
        parts.append(scale(results["scale"]))
    if "latency" in results:
        parts.append(f"50 ms away, ideal {results['latency']['ideal']:.2f} s:\n")
        parts.append(programs({k: v for k, v in results["latency"].items() if k != "ideal"}))
    if "limits" in results:
        parts.append("600 requests a minute:\n")
        parts.append(limits(results["limits"]["outcomes"]))
    return "\n".join(parts)


def rows(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table."""
    names = list(head)
    table = [names, ["---"] * len(names), *lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def aim(one: Mapping[str, Any]) -> list[str]:
    """One figure that is aimed at."""
    if one["measured"] is None:
        measured, verdict = "-", "not measured"
    else:
        measured = f"{one['measured']:.3g}{one['unit']}"
        verdict = "met" if one["met"] else "missed"
    target = f"{'at least' if one['at_least'] else 'at most'} {one['target']:g}{one['unit']}"
    return [str(one["number"]), one["what"], target, measured, verdict]


def programs(all_runs: Mapping[str, Any]) -> str:
    """A line a program."""
    lines = []
    for name, runs in all_runs.items():
        of = runs["median"]
        lines.append(
            [
                f"`{name}`",
                number(of["seconds"], ".3f", 0),
                number(of["cpu"], ".3f", 0),
                number(of["peak"], ".0f", 0, 1e6),
            ]
        )
    return rows(("program", "seconds", "CPU seconds", "peak MB"), lines)


def scale(feeds: Mapping[str, Any]) -> str:
    """A line a program and feed."""
    lines = []
    for feed, of in feeds.items():
        for name, runs in of.items():
            if name == "bytes":
                continue
            median = runs["median"]
            lines.append(
                [
                    feed,
                    f"`{name}`",
                    number(median["seconds"], ".3f", 0, of["bytes"] / 1e9),
                    number(median["cpu"], ".3f", 0, of["bytes"] / 1e9),
                    number(median["peak"], ".0f", 0, 1e6),
                ]
            )
    return rows(("feed", "program", "seconds for a GB", "CPU seconds for a GB", "peak MB"), lines)


def limits(outcomes: Iterable[Mapping[str, Any]]) -> str:
    """A line a run."""
    lines = [
        [
            one["form"],
            one["who"],
            number(one["seconds"], ".1f", 0),
            f"{one['ideal']:.1f}",
            str(one["requests"]),
            str(one["refused"]),
            str(one["lost"]),
        ]
        for one in outcomes
    ]
    head = ("form", "who", "seconds", "ideal", "requests", "refused", "records lost")
    return rows(head, lines)
