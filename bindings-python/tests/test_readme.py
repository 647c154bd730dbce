"""The examples of the README, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCKS = re.findall(
    r"(<!-- not run.*?-->\n)?```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL
)


def test_there_are_examples() -> None:
    assert sum(not skipped for skipped, _ in BLOCKS) >= 3


@pytest.mark.parametrize("code", [code for skipped, code in BLOCKS if not skipped])
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(README), "exec"), {"__name__": "example"})


@pytest.mark.parametrize("code", [code for skipped, code in BLOCKS if skipped])
def test_example_that_needs_a_tenant_compiles(code: str) -> None:
    import ast

    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compile(code, str(README), "exec", flags=flags)
