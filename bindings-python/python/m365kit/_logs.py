"""What the core logs, for `logging`: loggers `m365kit` and below, named as the core's targets."""

from __future__ import annotations

import logging

_ROOT = logging.getLogger("m365kit")
# A library says nothing unless it is asked to; without this, warnings would go to stderr.
_ROOT.addHandler(logging.NullHandler())

_known: tuple[int, list[logging.Logger]] = (0, [])


def wanted() -> int:
    """The lowest level that any of our loggers lets through."""
    global _known
    loggers = logging.Logger.manager.loggerDict
    if _known[0] != len(loggers):
        ours = [
            logger
            for name, logger in list(loggers.items())
            if name.startswith("m365kit.") and isinstance(logger, logging.Logger)
        ]
        _known = (len(loggers), ours)
    return max(1, min(logger.getEffectiveLevel() for logger in (_ROOT, *_known[1])))


def deliver(events: list[tuple[int, str, str, list[tuple[str, str]]]]) -> None:
    """Hands over events of the core: level, target, message and fields."""
    for level, target, message, fields in events:
        logger = logging.getLogger(target.replace("::", "."))
        if logger.isEnabledFor(level):
            text = " ".join([message, *(f"{name}={value}" for name, value in fields)])
            record = logger.makeRecord(
                logger.name, level, "m365kit", 0, text, (), None, extra={"fields": dict(fields)}
            )
            logger.handle(record)
