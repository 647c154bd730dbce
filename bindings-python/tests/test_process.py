"""Processes: their ends, forks, Ctrl-C, and what an import costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import m365kit
from conftest import Aborted, until
from exits import PROGRAMS, run_many

COUNT = int(os.environ.get("M365KIT_EXITS", "36"))


def test_programs_that_exit_in_the_middle_of_calls() -> None:
    assert run_many(COUNT) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_after_a_call() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", PROGRAMS / "fork.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("manner", ["call", "listing"])
def test_ctrl_c_ends_a_blocking_call(
    sandbox: m365kit.Sandbox, aborted: Aborted, manner: str
) -> None:
    path = {"call": "/subscriptions/list", "listing": "/subscriptions/content"}[manner]
    sandbox.fault({"stall": True}, match={"path": path}, when="always")
    program = subprocess.Popen(
        [sys.executable, PROGRAMS / "interrupt.py", manner], stdin=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    program.stdin.write(json.dumps(sandbox.control("describe")))
    program.stdin.close()
    until(lambda: sandbox.ledger(path=path))
    begin = time.monotonic()
    program.send_signal(signal.SIGINT)
    assert program.wait(10) == 42
    assert time.monotonic() - begin < 2
    assert all(request["path"].endswith(path) for request in aborted(sandbox))


def test_a_callback_that_hangs_does_not_hang_the_exit(sandbox: m365kit.Sandbox) -> None:
    program = (
        "import m365kit, threading, time\n"
        "def give(request):\n"
        "    while True: time.sleep(0.01)\n"
        "client = m365kit.Client('contoso.com', credential=m365kit.Callback(give))\n"
        "threading.Thread(target=client.audit.list_subscriptions, daemon=True).start()\n"
        "time.sleep(0.3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_import_is_light() -> None:
    program = (
        "import sys; before = set(sys.modules); import m365kit\n"
        "heavy = {'asyncio', 'dataclasses', 'enum', 'inspect', 'json', 'logging', 're', 'typing'}\n"
        "print(*sorted(heavy & (set(sys.modules) - before)))\n"
        "import threading; assert threading.active_count() == 1\n"
        "import os; print(len(os.listdir('/proc/self/task')) if os.path.isdir('/proc') else 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1"]


def test_the_package_under_test_is_an_installed_one() -> None:
    assert m365kit.__file__ is not None
    assert Path(m365kit.__file__).with_name("py.typed").exists()
    assert m365kit.__version__ == "0.1.0"
