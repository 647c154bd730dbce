"""Fixtures, and the closing line of the scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import m365kit
from play import COUNTS


@pytest.fixture
def sandbox() -> Iterator[m365kit.Sandbox]:
    """A small tenant: a day of feed, 12 blobs of 5 records."""
    with m365kit.Sandbox(blobs=12, records=5) as sandbox:
        yield sandbox


@pytest.fixture
def quick() -> dict[str, float]:
    """Options under which nothing is paced."""
    return {"rate_limit": 60_000.0}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many scenarios ran in each manner, as the runners of the other languages do."""
    for manner, (passed, failed) in COUNTS.items():
        terminalreporter.write_line(
            f"conformance in Python, {manner}: {passed} passed, {failed} failed"
        )
