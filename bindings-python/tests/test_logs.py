"""The core's log events in Python's `logging`."""

from __future__ import annotations

import logging
import subprocess
import sys

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


def test_a_level_below_is_respected(
    sandbox: m365kit.Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="m365kit")
    logger = logging.getLogger("m365kit.http")
    logger.setLevel(logging.DEBUG)
    try:
        with sandbox.client() as client:
            client.audit.list_subscriptions()
            sandbox.fault({"status": 503}, match={"operation": "subscriptions"}, when="once")
            client.audit.list_subscriptions()
        until(lambda: [r for r in caplog.records if r.name.startswith("m365kit.http")])
    finally:
        logger.setLevel(logging.NOTSET)


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
    sandbox: m365kit.Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing(logging.Handler):
        seen = 0

        def emit(self, record: logging.LogRecord) -> None:
            Failing.seen += 1
            raise RuntimeError("the handler is broken")

    logger = logging.getLogger("m365kit")
    handler = Failing()
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with sandbox.client() as client:
            assert client.audit.list_subscriptions()
            until(lambda: Failing.seen)
            assert client.audit.list_subscriptions()
    finally:
        sys.unraisablehook = hook
        logger.setLevel(before)
        logger.removeHandler(handler)
