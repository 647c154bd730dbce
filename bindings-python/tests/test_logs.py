"""The core's log events in Python's `logging`."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import m365kit
from conftest import until


def test_events_arrive_under_the_names_of_their_targets(
    sandbox: m365kit.Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="m365kit")
    sandbox.fault({"status": 503}, match={"operation": "subscriptions"}, when="once")
    with sandbox.client() as client:
        client.audit.list_subscriptions()
    records = until(lambda: [r for r in caplog.records if r.name.startswith("m365kit.")])
    assert all("::" not in record.name for record in records)
    text = caplog.text
    assert sandbox.client_secret not in text
    assert "Bearer" not in text


def test_nothing_is_handed_over_that_nobody_wants(
    sandbox: m365kit.Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="m365kit")
    with sandbox.client() as client:
        client.audit.list_subscriptions()
    assert not [r for r in caplog.records if r.levelno < logging.ERROR]


def test_a_level_below_is_respected(sandbox: m365kit.Sandbox) -> None:
    with listening("m365kit.http") as records, sandbox.client() as client:
        provoke(sandbox)
        client.audit.list_subscriptions()
        until(lambda: [record.name for record in records if record.levelno == logging.DEBUG])


def test_nothing_is_printed(sandbox: m365kit.Sandbox) -> None:
    program = (
        "import m365kit\n"
        "with m365kit.Sandbox(blobs=6) as sandbox, sandbox.client() as client:\n"
        "    sandbox.fault({'status': 503}, when='once')\n"
        "    assert list(client.audit.records(last='24h'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_handler_that_fails_breaks_nothing(
    sandbox: m365kit.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", broken.append)

    def fail(_: logging.LogRecord) -> bool:
        raise RuntimeError("the filter is broken")

    with listening("m365kit", fail) as records, sandbox.client() as client:
        provoke(sandbox)
        assert client.audit.list_subscriptions()
        until(lambda: broken)
        assert client.audit.list_subscriptions()
        assert records == []


def provoke(sandbox: m365kit.Sandbox) -> None:
    """Makes the next call one of which there is something to say."""
    sandbox.fault({"status": 503}, match={"operation": "subscriptions"}, when="once")


@contextmanager
def listening(
    name: str, filter: Callable[[logging.LogRecord], bool] = lambda _: True
) -> Iterator[list[logging.LogRecord]]:
    """Collects what a logger is given."""
    records: list[logging.LogRecord] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, handler = logging.getLogger(name), Collect()
    handler.addFilter(filter)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)
