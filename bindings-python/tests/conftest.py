"""Fixtures, and the closing line of the scenarios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import m365kit
from play import COUNTS

if TYPE_CHECKING:
    from m365kit.sandbox import Request

Aborted = Callable[[m365kit.Sandbox], "list[Request]"]


@pytest.fixture
def sandbox() -> Iterator[m365kit.Sandbox]:
    """A small tenant: a day of feed, 12 blobs of 5 records."""
    with m365kit.Sandbox(blobs=12, records=5) as sandbox:
        yield sandbox


@pytest.fixture
def aborted() -> Aborted:
    """Waits until the sandbox has seen a client hang up, and gives the requests concerned."""

    def wait(sandbox: m365kit.Sandbox) -> list[Request]:
        requests: list[Request] = until(lambda: [r for r in sandbox.ledger() if r["aborted"]])
        return requests

    return wait


def until(look: Callable[[], Any], seconds: float = 5) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many scenarios ran in each manner, as the runners of the other languages do."""
    for manner, groups in COUNTS.items():
        for group, (passed, failed) in sorted(groups.items()):
            terminalreporter.write_line(f"  {group:<32}{passed:>4} passed {failed:>3} failed")
        passed, failed = (sum(column) for column in zip(*groups.values(), strict=True))
        terminalreporter.write_line(
            f"conformance in Python, {manner}: {passed} passed, {failed} failed"
        )
