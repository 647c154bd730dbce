"""Types are tests: mypy over right and wrong calls, and over the stub of the native module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def check(*command: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        cwd=HERE / "types",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_right_and_wrong_calls() -> None:
    check("mypy", "--strict", "--warn-unused-ignores", "calls.py")


def test_the_package_itself() -> None:
    check("mypy", "--strict", "-p", "m365kit")


def test_the_stub_of_the_native_module() -> None:
    check("mypy.stubtest", "m365kit._native")
