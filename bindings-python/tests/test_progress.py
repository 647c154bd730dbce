"""Progress: a function, a bar by tqdm or rich, and what they are told."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import m365kit
from m365kit import _progress


def report(**figures: float) -> m365kit.Report:
    return m365kit.Report.from_dict(
        {"records": 0, "bytes": 0, "refusals": 0, "failed": 0, **figures}
    )


def test_a_function_gets_reports(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        for read in (
            lambda told: list(client.audit.records(last="24h", progress=told)),
            lambda told: list(client.audit.records(last="24h").lines(progress=told)),
            lambda told: list(client.audit.records(last="24h").batches(progress=told)),
            lambda told: client.audit.records(last="24h", progress=told).to_polars(),
            lambda told: client.audit.records(last="24h").write_jsonl(
                tmp_path / "a", overwrite=True, progress=told
            ),
        ):
            reports: list[m365kit.Report] = []
            read(reports.append)
            assert reports
            last = reports[-1]
            assert last.blobs == 12
            assert last.records > 0
            assert last.bytes > 0


def test_what_a_function_raises_ends_the_loop(sandbox: m365kit.Sandbox) -> None:
    def fail(report: m365kit.Report) -> None:
        raise ZeroDivisionError

    with sandbox.client() as client, pytest.raises(ZeroDivisionError):
        list(client.audit.records(last="24h", progress=fail))


def test_anything_else_is_refused_before_anything_is_sent(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        with pytest.raises(m365kit.InvalidRequest, match="progress: expected a function or True"):
            client.audit.records(last="24h", progress="yes")  # type: ignore[arg-type]
        assert sandbox.ledger() == []


@pytest.mark.parametrize("package", ["tqdm", "rich"])
def test_a_bar_is_shown(
    sandbox: m365kit.Sandbox,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip(package)
    monkeypatch.setattr(_progress, "is_installed", lambda name: name == package)
    with sandbox.client() as client:
        records = list(client.audit.records(last="24h", progress=True))
    shown = "".join(capsys.readouterr())
    assert "12/12 blobs" in shown or "12 blobs" in shown
    assert f"{len(records)} records" in shown


def test_a_bar_is_closed_when_the_loop_fails(
    sandbox: m365kit.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(_progress._Tqdm, "_end", lambda self, shown: closed.append(shown.close()))
    sandbox.fault({"status": 404}, match={"operation": "blob"}, when={"every": 6})
    with sandbox.client() as client:
        with pytest.raises(m365kit.M365Error):
            list(client.audit.records(last="24h", progress=True))
        assert len(closed) == 1
        for _ in client.audit.records(last="24h", progress=True):
            break
        assert len(closed) == 2


def test_a_bar_without_a_library_is_refused(
    sandbox: m365kit.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "is_installed", lambda name: False)
    with sandbox.client() as client, pytest.raises(ImportError, match="pip install tqdm"):
        client.audit.records(last="24h", progress=True)


def test_figures_are_read_by_people() -> None:
    said = _progress.figures(
        report(
            blobs=1_200,
            blobsKnown=2_000,
            records=120_000,
            bytes=181_200_000,
            rate=35_000.4,
            refusals=2,
            remaining=61.2,
        )
    )
    assert said == (
        "1,200/2,000 blobs, 120,000 records, 181.2 MB, 35,000 records/s, 2 refused, 1:01 left"
    )
    assert _progress.figures(report(blobs=1, behind=3_700)).endswith("1:01:40 behind")
    assert [_progress.size(n) for n in (999, 1_500, 2_500_000_000)] == [
        "999 B",
        "1.5 kB",
        "2.50 GB",
    ]


def test_a_bar_goes_where_tqdm_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    bar = _progress.meter(True)
    assert bar is not None
    bar.tell(report(blobs=1, blobsKnown=4))
    bar.close()
    assert "1/4 blobs" in text.getvalue()
    assert " 25% " in text.getvalue()
