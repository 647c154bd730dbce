"""Progress of what takes a while: a callback of the caller's, or a bar by tqdm or rich."""

from __future__ import annotations

from ._errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._faces.shared_records import Report

    Progress: TypeAlias = Callable[[Report], object] | bool
    """What is told of the progress: a function that gets each report, or `True` for a bar."""

INTERVAL = 0.1
"""Seconds between two looks of a bar."""


class Meter:
    """Shows how far something has come. Closed, it begins anew with the next report."""

    __slots__ = ()

    def __call__(self, report: Report) -> None:
        # So that it can be handed on in place of what it was made from.
        self.tell(report)

    def tell(self, report: Report) -> None:
        """Takes a report."""
        raise NotImplementedError

    def close(self) -> None:
        """Leaves what is shown as it stands."""


class _Callback(Meter):
    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Report], object]) -> None:
        self._function = function

    def tell(self, report: Report) -> None:
        self._function(report)


class _Bar(Meter):
    """A bar over the blobs, all of which are known once everything is listed; figures beside it."""

    __slots__ = ("_drawn", "_latest", "_shown")

    def __init__(self) -> None:
        self._shown: Any = None
        self._latest: Report | None = None
        self._drawn = 0.0

    def tell(self, report: Report) -> None:
        from time import monotonic

        self._latest = report
        if self._shown is None:
            self._shown = self._begin()
        elif monotonic() - self._drawn < INTERVAL:
            return
        self._drawn = monotonic()
        self._draw(report)

    def close(self) -> None:
        if (shown := self._shown) is None:
            return
        try:
            if self._latest is not None:
                self._draw(self._latest)
        finally:
            self._shown = self._latest = None
            self._end(shown)

    def _begin(self) -> Any:
        raise NotImplementedError

    def _draw(self, report: Report) -> None:
        raise NotImplementedError

    def _end(self, shown: Any) -> None:
        raise NotImplementedError


class _Tqdm(_Bar):
    __slots__ = ()

    def _begin(self) -> Any:
        from tqdm.auto import tqdm

        return tqdm(total=None, bar_format="{postfix}", dynamic_ncols=True)

    def _draw(self, report: Report) -> None:
        bar = self._shown
        bar.total = report.blobs_known or None
        if bar.total is not None:
            # Before that there is no share of the whole to show.
            bar.bar_format = "{percentage:3.0f}% |{bar}| {postfix}"
        bar.n = report.blobs
        bar.postfix = figures(report)
        bar.refresh()

    def _end(self, shown: Any) -> None:
        shown.close()


class _Rich(_Bar):
    __slots__ = ()

    def _begin(self) -> Any:
        from rich.progress import BarColumn, Progress, TextColumn

        shown = Progress(BarColumn(), TextColumn("{task.fields[figures]}"))
        shown.add_task("", total=None, figures="")
        shown.start()
        return shown

    def _draw(self, report: Report) -> None:
        [task] = self._shown.task_ids
        self._shown.update(
            task,
            completed=report.blobs,
            total=report.blobs_known or None,
            figures=figures(report),
        )

    def _end(self, shown: Any) -> None:
        shown.stop()


BARS: dict[str, type[_Bar]] = {"tqdm": _Tqdm, "rich": _Rich}
"""What draws bars, by the package that is needed for it."""


def is_installed(package: str) -> bool:
    """Whether a package could be imported."""
    from importlib.util import find_spec

    return find_spec(package) is not None


def meter(progress: Progress | None) -> Meter | None:
    """What shows the progress that was asked for; nothing for `None` and `False`.

    Raises:
        InvalidRequest: It is neither a function nor a truth value.
        ImportError: A bar was asked for, and neither tqdm nor rich is installed.
    """
    if progress is None or progress is False:
        return None
    if isinstance(progress, Meter):
        return progress
    if callable(progress):
        return _Callback(progress)
    if progress is not True:
        raise InvalidRequest(
            f"progress: expected a function or True, not {type(progress).__name__}",
            hint="pass True for a bar, or a function that takes a Report",
        )
    for package, bar in BARS.items():
        if is_installed(package):
            return bar()
    raise ImportError(
        "progress=True shows a bar by tqdm or rich, and neither is installed: `pip install tqdm`, "
        "or pass a function in place of True"
    )


def figures(report: Report) -> str:
    """A report in one line."""
    whole = f"/{report.blobs_known:,}" if report.blobs_known else ""
    said = [
        f"{report.blobs:,}{whole} blobs",
        f"{report.records:,} records",
        size(report.bytes),
    ]
    if report.rate:
        said.append(f"{report.rate:,.0f} records/s")
    if report.refusals:
        said.append(f"{report.refusals:,} refused")
    if report.failed:
        said.append(f"{report.failed:,} failed")
    if report.remaining is not None:
        said.append(f"{span(report.remaining)} left")
    if report.behind:
        said.append(f"{span(report.behind)} behind")
    return ", ".join(said)


def size(count: float) -> str:
    """A number of bytes as people read it."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.2f} GB"


def span(seconds: float) -> str:
    """A length of time as a clock shows it."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
