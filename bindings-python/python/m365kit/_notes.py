"""What a feed tells beside its records: errors, warnings, and figures."""

from __future__ import annotations

from ._errors import M365Error, from_dict
from ._progress import meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Protocol, TypeVar

    from ._faces.shared_records import Report, Warning
    from ._progress import Meter, Progress

    class Handle(Protocol):
        """What reads a feed natively."""

        def close(self) -> None: ...

    H = TypeVar("H", bound=Handle)
else:
    H = None

    class Generic:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


NEWEST = 1000
"""How many errors and warnings a listing without an end keeps."""


class Told:
    """What one step of a feed told."""

    __slots__ = ("count", "errors", "report", "token", "warnings")

    def __init__(self, meta: bytes) -> None:
        from json import loads

        about: dict[str, Any] = loads(meta)
        self.token: str | None = about.get("token")
        self.count: int | None = about.get("count")
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
        """This reading has ended: a progress bar is left as it stands."""
        if self._meter is not None:
            self._meter.close()


class Reading(Notes, Generic[H]):
    """A feed that is read through native handles: one begun ahead, and those of its loops."""

    __slots__ = ("_begun", "_running")

    _begun: H | None
    _running: list[H]

    def __init__(self, progress: Progress | None, *, endless: bool = False) -> None:
        super().__init__(progress, endless=endless)
        self._begun = None
        self._running = []

    def _begin(self) -> H:
        raise NotImplementedError

    def _take(self) -> H:
        handle, self._begun = self._begun, None
        if handle is None:
            handle = self._begin()
            self._forget()
        self._running.append(handle)
        return handle

    def _held(self) -> list[H]:
        begun, self._begun = self._begun, None
        return [*self._running] if begun is None else [*self._running, begun]

    def _leave(self, handle: H) -> None:
        handle.close()
        if handle in self._running:
            self._running.remove(handle)
        self._silence()
