"""Plays a scenario of tests/conformance or tests/faults through the public face of the package."""

from __future__ import annotations

import inspect
import json
import os
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import m365kit
from credentials import Credentials
from download import DOWNLOADS, Taken
from evidence import expect_error, expect_feed, expect_files, expect_requests, matches, view
from filters import filter_of
from seen import SEEN

FOLDER = Path(
    os.environ.get("M365KIT_CONFORMANCE")
    or Path(__file__).resolve().parents[2] / "tests" / "conformance"
)

COUNTS: dict[str, dict[str, list[int]]] = {}
"""How many scenarios passed and failed, by manner and group."""

BATCHES = (m365kit.Batches, m365kit.AsyncBatches)
LISTINGS = (m365kit.Paged, m365kit.AsyncPaged, *BATCHES)

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_scenarios() -> list[tuple[str, dict[str, Any]]]:
    """All scenarios, each with its group, such as `faults/token`."""
    found: list[tuple[str, dict[str, Any]]] = []
    for folder in (FOLDER, FOLDER.parent / "faults"):
        before = len(found)
        for path in sorted(folder.glob("*.json")):
            scenarios = json.loads(path.read_text(encoding="utf-8"))["scenarios"]
            found.extend((f"{folder.name}/{path.stem}", scenario) for scenario in scenarios)
        assert len(found) > before, f"no scenario in {folder}"
    return found


async def play(scenario: dict[str, Any], manner: str) -> None:
    """Plays one scenario with `Client` (`blocking`) or `AsyncClient` (`async`)."""
    config = {snake(name): value for name, value in scenario.get("sandbox", {}).items()}
    if "now" in config:
        config["now"] = datetime.fromisoformat(config["now"])
    # Not `with`: an error while the folder goes must not hide that of the scenario.
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    try:
        with m365kit.Sandbox(**config) as sandbox:
            await Player(scenario, sandbox, manner, Path(folder.name)).play()
    finally:
        folder.cleanup()


class Player:
    """One scenario on its way."""

    def __init__(
        self, scenario: dict[str, Any], sandbox: m365kit.Sandbox, manner: str, folder: Path
    ) -> None:
        self.scenario = scenario
        self.sandbox = sandbox
        self.folder = folder
        self.client_class: Any = m365kit.Client if manner == "blocking" else m365kit.AsyncClient
        self.options = scenario.get("client", {})
        self.client: Any = None
        self.saved: dict[str, Any] = {}
        self.credentials = Credentials(sandbox, manner)
        self.listings: dict[str, Reading] = {}

    async def play(self) -> None:
        try:
            for number, step in enumerate(self.scenario["steps"], 1):
                try:
                    await self.play_step(step)
                except BaseException as error:
                    error.add_note(f"in step {number}")
                    raise
        finally:
            for reading in self.listings.values():
                await reading.close()
            await self.close()
        SEEN.note(self.sandbox)
        requests = self.sandbox.control("ledger")["requests"]
        for wanted in self.scenario.get("ledger", []):
            expect_requests(wanted, requests)

    async def play_step(self, step: dict[str, Any]) -> None:
        if "control" in step:
            self.play_control(step)
            return
        expect = self.resolve(step.get("expect", {}))
        if "client" in step:
            await self.play_client(step, expect)
        elif "call" in step:
            self.client = self.client or await self.open({})
            await self.play_call(step, expect)
        elif "next" in step:
            reading = self.listings[step["next"]]
            await self.read(reading, step, expect)
        elif "commit" in step:
            await self.play_commit(step, expect)
        elif "close" in step:
            await self.listings[step["close"]].close()
        elif "write" in step:
            path = Path(self.path(step["write"]))
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.resolve(step["json"])) if "json" in step else None
            path.write_text(text or self.resolve(step["text"]), encoding="utf-8")
            if step.get("executable"):
                path.chmod(0o755)
        else:
            raise AssertionError(f"{step} is no kind of step")
        self.check_files(step)

    def play_control(self, step: dict[str, Any]) -> None:
        answer = self.sandbox.control(step["control"], **self.resolve(step.get("args", {})))
        if "save" in step:
            self.saved[step["save"]] = answer
        if "expect" in step:
            matches(answer, self.resolve(step["expect"]), step["control"])

    async def play_client(self, step: dict[str, Any], expect: dict[str, Any]) -> None:
        if not self.listings:
            await self.close()
        error = None
        try:
            self.client = await self.open(self.resolve(step["client"]))
        except m365kit.M365Error as raised:
            error = raised
        expect_error(error, expect.get("error"))

    async def play_call(self, step: dict[str, Any], expect: dict[str, Any]) -> None:
        result: Any = None
        error = None
        handle: Any = None
        reports: list[Any] = []
        runs = step["call"].rpartition(".")[2].startswith("write_")
        try:
            handle, method, args = self.prepare(step)
            if runs:
                args["progress"] = reports.append
            result = method(**args)
            if isinstance(result, DOWNLOADS):
                await self.play_download(result, step, expect)
                return
            if inspect.isawaitable(result):
                result = await result
        except m365kit.M365Error as raised:
            error = raised
        if isinstance(result, LISTINGS):
            await self.read(self.kept(Reading(result), step), step, expect)
            return
        expect_error(error, expect.get("error"))
        if "bytes" in expect:
            Taken(None, error=error).judge(expect["bytes"])
        if "result" in expect:
            matches(view(result), expect["result"], "result")
        if handle is not None and runs:
            told = {"errors": handle.errors, "warnings": handle.warnings}
            told["report"] = reports[-1] if reports else None
            for name, value in told.items():
                if name in expect:
                    matches(view(value), expect[name], name)

    async def play_download(
        self, download: Any, step: dict[str, Any], expect: dict[str, Any]
    ) -> None:
        taken = Taken(download)
        await taken.take(step, self.path(step["to"]) if "to" in step else None)
        expect_error(taken.error, expect.get("error"))
        if "result" in expect:
            matches(view(taken.saved), expect["result"], "result")
        if "bytes" in expect:
            taken.judge(expect["bytes"])

    async def play_commit(self, step: dict[str, Any], expect: dict[str, Any]) -> None:
        error = None
        try:
            done = self.listings[step["commit"]].listing.commit()
            if inspect.isawaitable(done):
                await done
        except m365kit.M365Error as raised:
            error = raised
        expect_error(error, expect.get("error"))

    def kept(self, reading: Reading, step: dict[str, Any]) -> Reading:
        if "as" in step:
            assert step["as"] not in self.listings, "two listings of one name"
            self.listings[step["as"]] = reading
        return reading

    async def read(self, reading: Reading, step: dict[str, Any], expect: dict[str, Any]) -> None:
        """Reads on, and compares what came with what should have come."""
        error = None
        before = len(reading.items)
        reading.errors, reading.warnings = [], []
        try:
            if "as" in step or "next" in step:
                await reading.read_pages(step.get("pages"), step.get("take"))
            else:
                await reading.read_once(step.get("pages"), step.get("take"))
        except m365kit.M365Error as raised:
            error = raised
        expect_error(error, expect.get("error"))
        came = reading.items[before:]
        if "records" in expect:
            matches(sum(map(records_of, came)), expect["records"], "records")
        seen = [part for item in came for part in parts(item)]
        if "count" in expect:
            matches(len(seen), expect["count"], "count")
        if "first" in expect:
            matches(seen[0] if seen else None, expect["first"], "first")
        if "last" in expect:
            matches(seen[-1] if seen else None, expect["last"], "last")
        if "items" in expect:
            matches(seen, expect["items"], "items")
        for name in ("errors", "warnings", "report"):
            if name in expect:
                matches(view(getattr(reading, name)), expect[name], name)
        if "feed" in expect:
            types = None if expect["feed"] is True else expect["feed"]
            for name in expect.get("also", []):
                items = self.listings[name].items
                items = items[:before] if self.listings[name] is reading else items
                seen += [part for item in items for part in parts(item)]
            ids = self.sandbox.feed(content_types=types, ids=True)["ids"]
            repeats = expect.get("repeats", False)
            expect_feed(ids, [item["id"] for item in seen], repeats=repeats)

    def prepare(self, step: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
        """What a step calls, the method of it, and its arguments."""
        *path, name = step["call"].split(".")
        args = self.resolve(step.get("args", {}))
        target = self.client
        for part in path:
            target = getattr(target, part)
            if callable(target):
                # What hangs below an operation is called on what that gives.
                target = target(**fitted(target, args.pop(part)))
        method = getattr(target, name)
        args = fitted(method, args)
        if "payload" in step:
            payload = step["payload"]
            if not isinstance(payload, str):
                payload = json.dumps(self.resolve(payload))
            args["payload"] = payload.encode()
        return target, method, args

    async def open(self, over: dict[str, Any]) -> Any:
        credential = {
            "kind": "client_secret",
            "client_id": self.sandbox.client_id,
            "secret": self.sandbox.client_secret,
        }
        hosts = self.sandbox.control("describe")["cloud"]
        usual = {
            "tenant": self.sandbox.tenant,
            "credential": credential,
            "cloud": {"name": "custom", **hosts},
            "root_certificates": self.sandbox.ca_certificate,
        }
        options = layered(layered(usual, self.options), over)
        given = dict(options.pop("credential"))
        hosts = dict(options.pop("cloud"))
        name = hosts.pop("name")
        named = name != "custom"
        cloud = getattr(m365kit.Cloud, name.upper()) if named else m365kit.Cloud.custom(**hosts)
        credential = await self.credentials.make(given, options["tenant"], cloud)
        if "token_cache" in options:
            options["token_cache"] = self.credentials.cache(options["token_cache"])
        fitting = fitted(self.client_class, options)
        client = self.client_class(**fitting, credential=credential, cloud=cloud)
        SEEN.show(client)
        return client

    async def close(self) -> None:
        if isinstance(self.client, m365kit.AsyncClient):
            await self.client.aclose()
        elif self.client is not None:
            self.client.close()

    def check_files(self, step: dict[str, Any]) -> None:
        files = step.get("expect", {}).get("files", [])
        for wanted in files if isinstance(files, list) else [files]:
            whole = wanted.get("records") == "feed"
            feed = self.sandbox.feed(ids=True)["ids"] if whole else []
            expect_files(wanted, Path(self.path(wanted["glob"])), feed)

    def path(self, text: str) -> str:
        """A path with the scenario's folder filled in."""
        if text == "$tmp" or text.startswith("$tmp/"):
            return str(self.folder) + text.removeprefix("$tmp")
        return text

    def resolve(self, value: Any, now: datetime | None = None) -> Any:
        """Times of the sandbox's clock, what an earlier step has saved, and the folder."""
        now = now or self.sandbox.clock()
        if isinstance(value, dict):
            return {name: self.resolve(part, now) for name, part in value.items()}
        if isinstance(value, list):
            return [self.resolve(part, now) for part in value]
        if not isinstance(value, str):
            return value
        if time := re.fullmatch(r"now(?:([+-]\d+)([smhd]))?", value):
            seconds = int(time[1] or 0) * UNITS[time[2] or "s"]
            moment = now + timedelta(seconds=seconds)
            return moment.isoformat().replace("+00:00", "Z")
        name, *members = value[1:].split(".")
        if value.startswith("$") and name in self.saved:
            found: Any = self.saved[name]
            for part in members:
                found = found[part]
            return found
        # Parameters such as `$top` are no variables.
        return self.path(value)


@dataclass
class Reading:
    """A listing, and what came of it so far."""

    listing: Any
    items: list[Any] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    warnings: list[Any] = field(default_factory=list)
    report: Any = None
    iterator: AsyncIterator[Any] | None = None

    async def read_once(self, pages: int | None, take: int | None) -> None:
        """Reads item by item, or so many pages, and leaves the loop then."""
        if pages is not None:
            await self.read_pages(pages, None)
            await self.close()
        try:
            if pages is None:
                async with aclosing(asynchronous(self.listing)) as items:
                    async for item in items:
                        self.items.append(item)
                        if len(self.items) == take:
                            break
        finally:
            listing = self.listing
            self.errors, self.warnings = listing.errors, listing.warnings
            self.report = listing.report

    async def read_pages(self, pages: int | None, take: int | None) -> None:
        """Reads whole pages: so many, or until there are so many items, or all."""
        if self.iterator is None:
            # Batches come one by one, and are pages themselves.
            whole = self.listing if isinstance(self.listing, BATCHES) else self.listing.pages()
            self.iterator = asynchronous(whole)
        count, begin = 0, len(self.items)
        async for page in self.iterator:
            count += 1
            self.items += page if isinstance(page, list) else [page]
            notes = self.listing if isinstance(self.listing, BATCHES) else page
            self.errors += notes.errors
            self.warnings += notes.warnings
            self.report = notes.report or self.report
            if count == pages or (take is not None and len(self.items) - begin >= take):
                return
        wanted = f"{pages} pages" if pages else f"{take} items"
        assert pages is None and take is None, f"the listing ended before there were {wanted}"

    async def close(self) -> None:
        if isinstance(self.listing, (m365kit.AsyncPaged, m365kit.AsyncBatches)):
            await self.listing.aclose()
        else:
            self.listing.close()


async def asynchronous(items: Any) -> AsyncGenerator[Any]:
    """Any iterable, as one of the asynchronous kind."""
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def records_of(item: Any) -> int:
    """How many records an item of lines or of columns stands for."""
    return len(item) if isinstance(item, m365kit.Batch) else int(item.records)


def parts(item: Any) -> list[Any]:
    """The items that scenarios see in one: lines are cut, and of a batch the rows are counted."""
    if isinstance(item, m365kit.Batch):
        return [{"rows": len(item)}]
    if not isinstance(item, m365kit.Lines):
        return [view(item)]
    assert item.bytes.endswith(b"\n"), "the last line has no end"
    lines = item.bytes.decode().split("\n")[:-1]
    assert len(lines) == item.records, "there are not so many lines"
    return [{"id": json.loads(line).get("Id"), "raw": line} for line in lines]


def fitted(function: Any, args: dict[str, Any]) -> dict[str, Any]:
    """Arguments as Python programs write them, going by the annotations of the parameters."""
    parameters = inspect.signature(function).parameters
    fitted = {}
    for name, value in args.items():
        annotation = str(parameters[name].annotation) if name in parameters else ""
        if "datetime" in annotation and isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                pass
        elif "timedelta" in annotation and isinstance(value, (int, float)):
            value = timedelta(seconds=value)
        elif "PathLike" in annotation and isinstance(value, str):
            value = Path(value) if value else value
        elif "Filter" in annotation and isinstance(value, dict):
            value = filter_of(value)
        elif isinstance(value, dict):
            for word in re.findall(r"\w+", annotation):
                record = getattr(m365kit, word, None)
                if isinstance(record, type) and issubclass(record, m365kit.Record):
                    value = record.from_dict(value)
                    break
        fitted[name] = value
    return fitted


def layered(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Options laid over others; a credential or cloud of another kind replaces the one below it."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            tag = "kind" if "kind" in below else "name"
            if value.get(tag, below.get(tag)) == below.get(tag):
                value = layered(below, value)
        merged[name] = value
    return {name: value for name, value in merged.items() if value is not None}


def snake(name: str) -> str:
    """A name in Python's spelling."""
    return re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), name)
