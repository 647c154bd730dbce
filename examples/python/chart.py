"""The chart of a day: events by hour and workload, failed sign-ins marked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl
from digest import FAILED
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

SHOWN = 6
"""How many workloads have a colour of their own."""
COLOURS = ["#0f6cbd", "#13a10e", "#8764b8", "#ca5010", "#038387", "#c19c00", "#a19f9d"]
ALARM = "#c50f1f"
HALF_AN_HOUR = timedelta(minutes=30)


def save(records: pl.DataFrame, path: Path) -> None:
    """Draws the chart into a file."""
    figure = draw(records)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw(records: pl.DataFrame) -> Figure:
    """Draws the chart: a bar an hour, and above it how many sign-ins failed in that hour."""
    hour = pl.col("creation_time").dt.truncate("1h").alias("hour")
    workload = pl.col("workload").cast(pl.String).fill_null("?")
    largest = records.group_by(workload).len().sort("len", descending=True)["workload"].head(SHOWN)
    shown = pl.when(workload.is_in(largest.implode())).then(workload).otherwise(pl.lit("others"))
    events = (
        records.drop_nulls("creation_time")
        .group_by(hour, shown.alias("shown"))
        .len()
        .pivot("shown", index="hour", values="len")
        .sort("hour")
        .fill_null(0)
    )
    failed = records.filter(FAILED).group_by(hour).len().sort("hour")

    figure: Figure
    figure, axes = plt.subplots(figsize=(11, 5.5), layout="constrained")
    height = pl.Series([0] * len(events))
    for name, colour in zip([*largest, "others"], COLOURS, strict=False):
        if name in events.columns:
            axes.bar(
                events["hour"],
                events[name],
                0.9 / 24,
                height,
                color=colour,
                label=name,
                align="edge",
            )
            height = height + events[name]
    axes.set_ylabel("events an hour")
    axes.set_title("Audit events by hour and workload (UTC)", loc="left")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)

    top = dict(zip(events["hour"], height, strict=True))
    for moment, count in failed.iter_rows():
        where = (moment + HALF_AN_HOUR, top[moment])
        axes.plot(*where, marker="v", color=ALARM, markersize=5)
        axes.annotate(
            f"{count:,}",
            where,
            (0, 6),
            textcoords="offset points",
            ha="center",
            size=8,
            color=ALARM,
        )
    axes.plot([], [], marker="v", color=ALARM, linestyle="", label="failed sign-ins")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure
