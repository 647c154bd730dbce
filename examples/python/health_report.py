"""What is broken, how was the last week, and what do we have to do by when?

python health_report.py                 prints it
python health_report.py report.md       and writes it as Markdown
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import m365kit as m365
from tenant import tenant

DAYS = 7


class Table(NamedTuple):
    """A part of the report."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    without: str
    """What is said where there are no rows."""


def main() -> None:
    """Asks, prints, and writes the file that was asked for."""
    with tenant(blobs=0) as client:
        tables = [broken(client), week(client), due(client)]
    print("\n\n".join(as_text(table) for table in tables))
    for path in sys.argv[1:]:
        Path(path).write_text("\n\n".join(as_markdown(table) for table in tables) + "\n", "utf-8")


def broken(client: m365.Client) -> Table:
    """The issues that are open, incidents before advisories, those that are new before old ones."""
    issues = sorted(
        client.service_health.list_issues("isResolved eq false"),
        key=lambda issue: issue.start_date_time or datetime.max.replace(tzinfo=UTC),
        reverse=True,
    )
    issues.sort(key=lambda issue: issue.classification != m365.HealthClassification.INCIDENT)
    rows = [
        (
            issue.id,
            issue.service or "?",
            issue.classification or "?",
            issue.status or "?",
            day_of(issue.start_date_time),
            issue.title or "?",
        )
        for issue in issues
    ]
    columns = ("id", "service", "kind", "status", "since", "title")
    return Table("Open incidents and advisories", columns, rows, "Nothing is broken.")


def week(client: m365.Client) -> Table:
    """How many issues each service had on each day, of the services that had any."""
    now = datetime.now(UTC)
    # The days of a history are those of UTC, and begin at midnight.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(today - timedelta(days=ago)).date() for ago in reversed(range(DAYS))]
    counts: dict[str, dict[date, int]] = {}
    start = today - timedelta(days=DAYS - 1)
    for status in client.service_health.historical_status(start=start, end=now):
        if status.status_time and status.incident_ids:
            of_service = counts.setdefault(status.service or status.id, {})
            of_service[status.status_time.date()] = len(status.incident_ids)
    rows = [
        (service, *(str(found.get(day, "")) for day in days))
        for service, found in sorted(counts.items(), key=lambda item: -sum(item[1].values()))
    ]
    columns = ("issues of", *(f"{day:%a %d}" for day in days))
    return Table("The last week, by service and day", columns, rows, "Nothing was broken.")


def due(client: m365.Client) -> Table:
    """The changes that are coming for which something has to be done, the most urgent first."""
    messages = client.service_health.list_messages(
        m365.field("actionRequiredByDateTime") >= datetime.now(UTC),
        orderby=["actionRequiredByDateTime"],
    )
    rows = [
        (
            day_of(message.action_required_by_date_time),
            message.id,
            message.severity or "?",
            ", ".join(message.services or ()),
            message.title or "?",
        )
        for message in messages
    ]
    columns = ("until", "id", "severity", "services", "title")
    return Table("Changes that need action", columns, rows, "Nothing has to be done.")


def day_of(time: datetime | None) -> str:
    """The day of a moment, as it is written everywhere."""
    return f"{time:%Y-%m-%d}" if time else "?"


def as_text(table: Table) -> str:
    """A table for a terminal."""
    if not table.rows:
        return f"{table.title}\n\n  {table.without}"
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]

    def lines() -> Iterator[str]:
        for row in (table.columns, *table.rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield "  " + "  ".join(cells).rstrip()

    return f"{table.title}\n\n" + "\n".join(lines())


def as_markdown(table: Table) -> str:
    """A table for a page."""
    if not table.rows:
        return f"## {table.title}\n\n{table.without}"
    # What others have written must not end a cell, or a line.
    written = [
        [" ".join(cell.replace("|", "\\|").split()) for cell in row]
        for row in (table.columns, *table.rows)
    ]
    head, *body = (f"| {' | '.join(row)} |" for row in written)
    return "\n".join((f"## {table.title}\n", head, "|---" * len(table.columns) + "|", *body))


if __name__ == "__main__":
    main()
