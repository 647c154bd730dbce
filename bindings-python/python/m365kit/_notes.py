"""What a feed tells beside its records: errors, warnings, and figures."""

from __future__ import annotations

from ._errors import M365Error, from_dict
from ._progress import meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._faces.shared_records import Report, Warning
    from ._progress import Meter, Progress

NEWEST = 1000
"""How many errors and warnings a listing without an end keeps."""


class Told:
    """What one step of a feed told."""

    __slots__ = ("errors", "report", "token", "warnings")

    def __init__(self, meta: bytes) -> None:
        from json import loads

        about: dict[str, Any] = loads(meta)
        self.token: str | None = about.get("token")
        self.errors: list[M365Error] = [from_dict(error) for error in about.get("errors") or ()]
        self.warnings: list[Warning] = []
        self.report: Report | None = None
        if about.get("warnings") or about.get("report"):
            from ._faces.shared_records import Report, Warning

            self.warnings = [Warning._load(warning) for warning in about.get("warnings") or ()]
            self.report = Report._load(about["report"]) if about.get("report") else None


class Notes:
    """All that a feed has told, and whoever wants to see its progress."""

    __slots__ = ("_endless", "_meter", "errors", "report", "warnings")

    errors: list[M365Error]
    warnings: list[Warning]
    report: Report | None
    _meter: Meter | None

    def __init__(self, progress: Progress | None, *, endless: bool = False) -> None:
        self._meter = meter(progress)
        self._endless = endless
        self._forget()

    def _forget(self) -> None:
        self.errors = []
        self.warnings = []
        self.report = None

    def _hear(self, told: Told) -> None:
        self.report = told.report or self.report
        self.errors.extend(told.errors)
        self.warnings.extend(told.warnings)
        if self._endless:
            # However long it runs; each page has had its own, all of them.
            del self.errors[:-NEWEST], self.warnings[:-NEWEST]
        if self._meter is not None and told.report is not None:
            self._meter.tell(told.report)

    def _shown(self, progress: Progress | None) -> Progress | None:
        """Who is told by another reading of the same, unless that has somebody of its own."""
        return self._meter if progress is None else progress

    def _silence(self) -> None:
        """Nothing more comes for now: a progress bar is left as it stands."""
        if self._meter is not None:
            self._meter.close()
