"""All that the package lets be seen while scenarios are played, and what must not be in it."""

from __future__ import annotations

import logging
import re
import traceback
from threading import Lock
from typing import Any

import m365kit

SHORTEST = 12
"""Shorter secrets, such as the word `wrong`, are part of many texts."""


class Seen(logging.Handler):
    """Keeps what was logged and printed, and the secrets of the sandboxes that were played with."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.lines: list[str] = []
        self.secrets: set[str] = set()
        self.guard = Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a record of the log."""
        self.lines.append(f"{record.name} {record.getMessage()} {record.__dict__.get('fields')}")

    def show(self, thing: Any) -> None:
        """Keeps what a program would print of a thing, of an exception with all its causes."""
        self.lines.append(f"{thing!r} {thing}")
        if isinstance(thing, BaseException):
            self.lines += traceback.format_exception(thing)

    def note(self, sandbox: m365kit.Sandbox) -> None:
        """Notes all secrets and tokens that a sandbox gave out or was shown."""
        values = {secret["value"] for secret in sandbox.control("secrets")["secrets"]}
        with self.guard:
            self.secrets |= {value for value in values if len(value) >= SHORTEST}

    def occurrences(self) -> list[str]:
        """The lines with a secret in them."""
        known = re.compile("|".join(map(re.escape, sorted(self.secrets, key=len, reverse=True))))
        return [line for line in self.lines if known.search(line)]


SEEN = Seen()
