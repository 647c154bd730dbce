"""Following the feed: what is safe, what comes again, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest

import m365kit
from conftest import Aborted, until
from m365kit._notes import Told

PROGRAM = Path(__file__).parent / "programs" / "follow.py"
FAST: dict[str, Any] = {"poll_interval": timedelta(seconds=0.05), "lag": "3s"}
ONCE: dict[str, Any] = {**FAST, "stop_when_caught_up": True}


def client_of(sandbox: m365kit.Sandbox) -> m365kit.Client:
    return sandbox.client(rate_limit=60_000)


def ids_of(sandbox: m365kit.Sandbox) -> list[str]:
    return sorted(sandbox.feed(ids=True)["ids"])


def add(sandbox: m365kit.Sandbox, *ids: str) -> str:
    """Adds a blob that is old enough to be listed at once; gives its id."""
    created = sandbox.clock() - timedelta(minutes=2)
    records = [{"Id": id} for id in ids]
    return sandbox.add_content("Audit.Exchange", records, created=created)["contentId"]


def start(sandbox: m365kit.Sandbox, *arguments: str | Path) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, PROGRAM, *map(str, arguments)], stdin=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    program.stdin.write(json.dumps(sandbox.control("describe")))
    program.stdin.close()
    return program


@pytest.mark.parametrize("manner", ["blocking", "async"])
def test_it_goes_on_where_it_was_left(
    sandbox: m365kit.Sandbox, tmp_path: Path, manner: str
) -> None:
    def blocking() -> list[str | None]:
        with client_of(sandbox) as client:
            return [record.id for record in client.audit.follow(tmp_path / "state", **ONCE)]

    async def asynchronous() -> list[str | None]:
        async with sandbox.async_client(rate_limit=60_000) as client:
            feed = client.audit.follow(tmp_path / "state", **ONCE)
            return [record.id async for record in feed]

    def read() -> list[str | None]:
        return blocking() if manner == "blocking" else asyncio.run(asynchronous())

    assert sorted(map(str, read())) == ids_of(sandbox)
    assert read() == []
    add(sandbox, "new")
    assert read() == ["new"]


def test_paths_are_texts_or_paths(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with client_of(sandbox) as client:
        for state in (tmp_path / "a", str(tmp_path / "b"), tmp_path):
            assert len(list(client.audit.follow(state, **ONCE))) == len(ids_of(sandbox))
        assert (tmp_path / f"{sandbox.tenant}.m365state").exists()
        assert client.audit.inspect_state(tmp_path).tenant == sandbox.tenant
        for wrong in (b"state", 7, None):
            with pytest.raises(m365kit.InvalidRequest, match="state"):
                list(client.audit.follow(wrong, **ONCE))  # type: ignore[arg-type]
        with pytest.raises(m365kit.InvalidRequest, match="directory"):
            client.audit.follow(tmp_path / "a").into_jsonl(b"out")  # type: ignore[arg-type]


def test_nothing_is_opened_before_the_first_page(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with client_of(sandbox) as client:
        feed = client.audit.follow(tmp_path / "state", **ONCE)
        assert "state" in repr(feed)
        with pytest.raises(m365kit.InvalidRequest, match="nothing is open"):
            feed.commit()
        feed.close()
        files = feed.into_jsonl(tmp_path / "out")
        assert sandbox.ledger() == []
        assert list(tmp_path.iterdir()) == []
        # The handle was opened by nobody, so its files may be.
        assert sum(step.records for step in files) == len(ids_of(sandbox))


def test_a_page_is_safe_when_the_next_is_asked_for(
    sandbox: m365kit.Sandbox, tmp_path: Path
) -> None:
    with client_of(sandbox) as client:
        with client.audit.follow(tmp_path / "state", **FAST) as feed:
            pages = feed.pages()
            first = next(pages)
            second = next(pages)
        with client.audit.follow(tmp_path / "state", **ONCE) as feed:
            rest = [record.id for record in feed]
        assert {record.id for record in first}.isdisjoint(rest)
        assert {record.id for record in second} <= set(rest)
        assert sorted([str(record.id) for record in first] + list(map(str, rest))) == ids_of(
            sandbox
        )


def test_nothing_is_safe_without_a_manual_commit(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    def follow() -> m365kit.AuditFollow:
        return client.audit.follow(tmp_path / "state", commit="manual", **ONCE)

    with client_of(sandbox) as client:
        everything = [record.id for record in follow()]
        assert sorted(map(str, everything)) == ids_of(sandbox)
        feed = follow()
        assert sorted(map(str, everything)) == sorted(str(record.id) for record in feed)
        # It has come to its end, and still knows what it handed out.
        feed.commit()
        assert list(follow()) == []
        with pytest.raises(m365kit.InvalidRequest, match="nothing is open"):
            feed.commit()


def test_a_commit_counts_whole_pages(tmp_path: Path) -> None:
    with m365kit.Sandbox(blobs=4, records=1500) as sandbox, client_of(sandbox) as client:
        with client.audit.follow(tmp_path / "state", commit="manual", **FAST) as feed:
            seen: list[str | None] = []
            for record in feed:
                seen.append(record.id)
                if len(seen) == 1000:
                    feed.commit()
                if len(seen) == 1500:
                    feed.commit()
                    break
        with client.audit.follow(tmp_path / "state", **ONCE) as feed:
            rest = [record.id for record in feed]
        times = Counter(seen + rest)
        assert sorted(map(str, times)) == ids_of(sandbox)
        double = sum(count > 1 for count in times.values())
        # Of the page that was being read nothing was safe; those before were. A page has 500
        # records at most, and fewer where the next blob was not there yet.
        assert 1 <= double <= 500, double


def test_a_commit_while_the_next_page_is_awaited(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with client_of(sandbox) as client:
        feed = client.audit.follow(tmp_path / "state", commit="manual", **FAST)
        seen: list[str | None] = []
        thread = Thread(target=lambda: seen.extend(record.id for record in feed))
        thread.start()
        until(lambda: len(seen) == len(ids_of(sandbox)))
        time.sleep(0.2)
        begin = time.monotonic()
        feed.commit()
        assert time.monotonic() - begin < 2
        feed.close()
        thread.join(5)
        assert not thread.is_alive()
        assert list(client.audit.follow(tmp_path / "state", **ONCE)) == []


def test_a_loop_that_is_entered_again_goes_on(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with client_of(sandbox) as client:
        feed = client.audit.follow(tmp_path / "state", **ONCE)
        seen: list[str | None] = []
        for size in (1, 7, 2):
            for taken, record in enumerate(feed, 1):
                seen.append(record.id)
                if taken == size:
                    break
        # The rest of the page that the loop over records was in, and then whole pages.
        seen += [record.id for page in feed.pages() for record in page]
        assert sorted(map(str, seen)) == ids_of(sandbox)


def test_waits_that_are_cancelled_lose_nothing(tmp_path: Path) -> None:
    async def main(sandbox: m365kit.Sandbox) -> None:
        draw = random.Random(1)
        ids = [f"r{number}" for number in range(120)]
        seen: list[str] = []
        async with sandbox.async_client(rate_limit=60_000) as client:
            feed = client.audit.follow(tmp_path / "state", commit="manual", **FAST)

            async def grow() -> None:
                for id in ids:
                    await asyncio.to_thread(add, sandbox, id)

            growing = asyncio.create_task(grow())
            async with feed:
                while len(seen) < len(ids):
                    try:
                        async with asyncio.timeout(draw.uniform(0.0001, 0.02)):
                            async for page in feed.pages():
                                seen += [str(record.id) for record in page]
                    except TimeoutError:
                        if draw.random() < 0.3:
                            await feed.commit()
            await growing
            # In one run nothing comes twice either.
            assert sorted(seen) == sorted(ids)

    with m365kit.Sandbox(blobs=0, subscribed=["Audit.Exchange"]) as sandbox:
        asyncio.run(asyncio.wait_for(main(sandbox), 60))


def test_an_error_ends_the_loop_and_the_next_one_begins_at_the_commit(
    sandbox: m365kit.Sandbox, tmp_path: Path
) -> None:
    wanted = ids_of(sandbox)
    rule = {"status": 403, "body": '{"error":{"code":"AF10001","message":"no"}}'}
    with client_of(sandbox) as client:
        feed = client.audit.follow(tmp_path / "state", on_error="raise_at_once", **ONCE)
        sandbox.fault(rule, match={"contentType": "Audit.General"}, when="always")
        seen: list[str | None] = []
        with pytest.raises(m365kit.PermissionDenied):
            seen.extend(record.id for record in feed)
        sandbox.clear_faults()
        seen += [record.id for record in feed]
        # What was handed out and not committed before the error came again.
        assert sorted(set(map(str, seen))) == wanted
        assert list(feed) == []


def test_what_went_wrong_is_told_by_page_and_kept_in_part(
    sandbox: m365kit.Sandbox, tmp_path: Path
) -> None:
    blob = add(sandbox, "lost")
    sandbox.fault({"status": 404}, match={"contentId": blob}, when="always")
    with client_of(sandbox) as client:
        feed = client.audit.follow(tmp_path / "state", **ONCE)
        errors = [error for page in feed.pages() for error in page.errors]
        assert [error.content_id for error in errors] == [blob]
        assert [error.content_id for error in feed.errors] == [blob]
        assert feed.report is not None
        # However long it runs.
        told = Told(b"{}")
        for number in range(30):
            told.errors = [m365kit.Gone(f"{number}") for _ in range(100)]
            feed._hear(told)
        assert len(feed.errors) == 1000
        assert feed.errors[0].message == "20"


def test_one_follower_at_a_time(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with client_of(sandbox) as client:
        with client.audit.follow(tmp_path / "state", **FAST) as feed:
            next(iter(feed))
            with pytest.raises(m365kit.Conflict, match="in use"):
                next(iter(client.audit.follow(tmp_path / "state", **FAST)))
            other = start(sandbox, "batches", tmp_path / "state", tmp_path / "ids")
            assert other.wait(30) == 17
            assert "in use by another process" in (tmp_path / "ids").read_text("utf-8")
            (tmp_path / "ids").unlink()
            # Looking is allowed meanwhile.
            assert client.audit.inspect_state(tmp_path / "state").tenant == sandbox.tenant
        # Let go of at once: by another loop, and by another process.
        for _ in range(10):
            with client.audit.follow(tmp_path / "state", **FAST) as feed:
                next(iter(feed))
        later = start(sandbox, "batches", tmp_path / "state", tmp_path / "ids", "once")
        assert later.wait(30) == 0


def test_it_may_be_killed(tmp_path: Path) -> None:
    draw = random.Random(1)
    with m365kit.Sandbox(blobs=80, records=10) as sandbox:
        kills = 6
        for _ in range(kills):
            program = start(sandbox, "batches", tmp_path / "state", tmp_path / "ids")
            time.sleep(draw.uniform(0.3, 1.2))
            program.kill()
            assert program.wait(10) == -signal.SIGKILL
        assert start(sandbox, "batches", tmp_path / "state", tmp_path / "ids", "once").wait(60) == 0
        # A line that was being written when the program died is not one of the sandbox's ids.
        ids = [id for id in (tmp_path / "ids").read_text("utf-8").split("\n") if id]
        assert set(ids_of(sandbox)) <= set(ids)
        assert len(ids) <= len(ids_of(sandbox)) + kills * 1000


def test_files_survive_kills_with_each_record_once(tmp_path: Path) -> None:
    draw = random.Random(2)
    out = tmp_path / "out"
    with m365kit.Sandbox(blobs=80, records=10) as sandbox:
        for run in range(6):
            program = start(sandbox, "jsonl", tmp_path / "state", out)
            for blob in range(10):
                add(sandbox, f"{run}-{blob}-a", f"{run}-{blob}-b")
                time.sleep(draw.uniform(0, 0.2))
            program.kill()
            program.wait(10)
        assert start(sandbox, "jsonl", tmp_path / "state", out, "once").wait(60) == 0
        texts = [path.read_text("utf-8") for path in out.iterdir()]
        assert all(text.endswith("\n") for text in texts)
        ids = [json.loads(line)["Id"] for text in texts for line in text.splitlines()]
        assert sorted(ids) == ids_of(sandbox)
        assert not list(out.glob("*.partial"))


def test_files_of_json_lines(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    async def main() -> None:
        async with sandbox.async_client(rate_limit=60_000) as client:
            feed = client.audit.follow(tmp_path / "state", **ONCE)
            files = feed.into_jsonl(tmp_path / "out", max_bytes=1 << 20, max_age=timedelta(hours=1))
            assert_type: m365kit.AsyncPaged[m365kit.SinkStep] = files
            steps = [step async for step in assert_type]
            assert sum(step.records for step in steps) == len(ids_of(sandbox))
            assert sum(step.blobs for step in steps) == sandbox.feed()["blobs"]
            sealed = {Path(path) for step in steps for path in step.sealed}
            assert sealed == set((tmp_path / "out").iterdir())
            # The records stand there as the service sent them.
            record = json.loads(next(iter(sealed)).read_text("utf-8").splitlines()[0])
            assert {"Id", "RecordType", "CreationTime"} <= record.keys()
            again = client.audit.follow(tmp_path / "state", **ONCE).into_jsonl(tmp_path / "out")
            assert [step async for step in again if step.records] == []

    asyncio.run(main())


def test_closing_ends_what_is_in_flight(
    sandbox: m365kit.Sandbox, tmp_path: Path, aborted: Aborted
) -> None:
    sandbox.fault({"stall": True}, match={"operation": "blob"}, when="always")

    async def main() -> None:
        async with sandbox.async_client(rate_limit=60_000) as client:

            async def read() -> None:
                async with client.audit.follow(tmp_path / "state", **FAST) as feed:
                    async for _ in feed:
                        raise AssertionError("nothing can come")

            task = asyncio.create_task(read())
            await asyncio.to_thread(until, lambda: sandbox.ledger(path="/audit/"))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            requests = await asyncio.to_thread(aborted, sandbox)
            assert all("/audit/" in request["path"] for request in requests)
            # And the state is free.
            sandbox.clear_faults()
            feed = client.audit.follow(tmp_path / "state", **ONCE)
            assert len([record async for record in feed]) == len(ids_of(sandbox))

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["feed", "client"])
def test_closing_ends_a_loop_of_another_thread(
    sandbox: m365kit.Sandbox, tmp_path: Path, ending: str
) -> None:
    client = client_of(sandbox)
    feed = client.audit.follow(tmp_path / "state", **FAST)
    Timer(1, feed.close if ending == "feed" else client.close).start()
    begin = time.monotonic()
    if ending == "feed":
        assert sum(1 for _ in feed) <= len(ids_of(sandbox))
    else:
        with pytest.raises(m365kit.Cancelled):
            list(feed)
    assert time.monotonic() - begin < 4
    client.close()


def test_ctrl_c_ends_the_wait(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    program = start(sandbox, "batches", tmp_path / "state", tmp_path / "ids")
    ids = tmp_path / "ids"
    until(lambda: ids.exists() and len(ids.read_text().split()) == len(ids_of(sandbox)), 20)
    time.sleep(0.3)
    begin = time.monotonic()
    program.send_signal(signal.SIGINT)
    assert program.wait(10) == 42
    assert time.monotonic() - begin < 2


def test_two_tenants_in_one_process(tmp_path: Path) -> None:
    async def main(one: m365kit.Sandbox, two: m365kit.Sandbox) -> None:
        refusal = {"status": 403, "body": '{"error":{"code":"AF10001","message":"no"}}'}
        two.fault(refusal, match={"contentType": "Audit.Exchange"}, when="always")

        async def read(sandbox: m365kit.Sandbox) -> tuple[list[str], m365kit.AsyncAuditFollow]:
            async with sandbox.async_client(rate_limit=60_000) as client:
                feed = client.audit.follow(tmp_path, **ONCE)
                return [str(record.id) async for record in feed], feed

        (ids, feed), (others, failing) = await asyncio.gather(read(one), read(two))
        assert sorted(ids) == ids_of(one)
        assert feed.errors == []
        types = [of for of in m365kit.ContentType._members.values() if of != "Audit.Exchange"]
        assert sorted(others) == sorted(two.feed(content_types=types, ids=True)["ids"])
        assert {type(error) for error in failing.errors} == {m365kit.PermissionDenied}
        assert {error.content_type for error in failing.errors} == {"Audit.Exchange"}
        assert len(list(tmp_path.iterdir())) == 2

    with (
        m365kit.Sandbox(seed=1, blobs=20, records=3) as one,
        m365kit.Sandbox(seed=2, blobs=20, records=3) as two,
    ):
        asyncio.run(main(one, two))


def test_a_fork_does_not_follow(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    program = (
        "import os, sys, m365kit\n"
        "with m365kit.Sandbox(blobs=3) as sandbox, sandbox.client() as client:\n"
        "    feed = client.audit.follow(sys.argv[1], poll_interval='50ms')\n"
        "    next(iter(feed))\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        for use in (feed.commit, lambda: next(feed.pages())):\n"
        "            try: use()\n"
        "            except m365kit.InvalidRequest as error: assert 'fork' in str(error)\n"
        "        feed.close()\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    feed.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_lags_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Fetching waits for the reader: what is fetched ahead is bounded."""
    with m365kit.Sandbox(blobs=600, records=20) as sandbox, client_of(sandbox) as client:
        with client.audit.follow(tmp_path / "state", concurrency=4, **FAST) as feed:
            next(iter(feed))
            done = Event()
            done.wait(1.5)
            fetched = len(sandbox.ledger(path="/audit/"))
            assert fetched < 600, fetched
