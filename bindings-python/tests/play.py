"""Plays a scenario of tests/conformance through the public face of the package."""

from __future__ import annotations

import inspect
import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import m365kit

FOLDER = Path(
    os.environ.get("M365KIT_CONFORMANCE")
    or Path(__file__).resolve().parents[2] / "tests" / "conformance"
)

COUNTS: dict[str, list[int]] = {}
"""How many scenarios passed and failed, by manner."""

ERROR_DETAILS = {
    "kind": "kind",
    "message": "message",
    "status": "status",
    "code": "code",
    "requestId": "request_id",
    "retryable": "retryable",
    "retryAfter": "retry_after",
    "hint": "hint",
    "contentType": "content_type",
    "contentId": "content_id",
    "index": "index",
    "start": "start",
    "end": "end",
    "errors": "errors",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_scenarios() -> list[tuple[str, dict[str, Any]]]:
    """All scenarios, each with the file that it comes from."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(FOLDER.glob("*.json")):
        scenarios = json.loads(path.read_text(encoding="utf-8"))["scenarios"]
        found.extend((path.stem, scenario) for scenario in scenarios)
    assert found, f"no scenario in {FOLDER}"
    return found


async def play(scenario: dict[str, Any], manner: str) -> None:
    """Plays one scenario with `Client` (`blocking`) or `AsyncClient` (`async`)."""
    config = {snake(name): value for name, value in scenario.get("sandbox", {}).items()}
    for name in inspect.signature(m365kit.Sandbox).parameters.keys() & {"now"} & config.keys():
        config[name] = datetime.fromisoformat(config[name])
    with m365kit.Sandbox(**config) as sandbox:
        await Player(scenario, sandbox, manner).play()


class Player:
    """One scenario on its way."""

    def __init__(self, scenario: dict[str, Any], sandbox: m365kit.Sandbox, manner: str) -> None:
        self.scenario = scenario
        self.sandbox = sandbox
        self.client_class: Any = m365kit.Client if manner == "blocking" else m365kit.AsyncClient
        self.options = scenario.get("client", {})
        self.client: Any = None
        self.saved: dict[str, Any] = {}

    async def play(self) -> None:
        try:
            for step in self.scenario["steps"]:
                if "control" in step:
                    self.play_control(step)
                elif "client" in step:
                    await self.play_client(step)
                else:
                    self.client = self.client or self.open()
                    await self.play_call(step)
        finally:
            await self.close()
        self.check_ledger()

    def play_control(self, step: dict[str, Any]) -> None:
        answer = self.sandbox.control(step["control"], **self.resolve(step.get("args", {})))
        if "save" in step:
            self.saved[step["save"]] = answer
        if "expect" in step:
            matches(answer, step["expect"], step["control"])

    async def play_client(self, step: dict[str, Any]) -> None:
        await self.close()
        self.options = {**self.options, **self.resolve(step["client"])}
        error = None
        try:
            self.client = self.open()
        except m365kit.M365Error as raised:
            error = raised
        expect_error(error, step.get("expect", {}).get("error"))

    async def play_call(self, step: dict[str, Any]) -> None:
        expect = step["expect"]
        result: Any = None
        listing: Any = None
        items: list[Any] = []
        error = None
        try:
            result = self.begin(step)
            if isinstance(result, (m365kit.Paged, m365kit.AsyncPaged)):
                listing = result
                await collect(listing, items, step.get("take"))
            elif inspect.isawaitable(result):
                result = await result
        except m365kit.M365Error as raised:
            error = raised
        expect_error(error, expect.get("error"))
        if "result" in expect:
            matches(view(result), expect["result"], "result")
        if listing is None:
            return
        seen = [view(item) for item in items]
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
                matches(view(getattr(listing, name)), expect[name], name)
        if "feed" in expect:
            types = None if expect["feed"] is True else expect["feed"]
            ids = self.sandbox.feed(content_types=types, ids=True)["ids"]
            assert sorted(item["id"] for item in seen) == sorted(set(ids)), "every record, once"

    def begin(self, step: dict[str, Any]) -> Any:
        *path, name = step["call"].split(".")
        target = self.client
        for part in path:
            target = getattr(target, part)
        method = getattr(target, name)
        args = fitted(method, self.resolve(step.get("args", {})))
        if "payload" in step:
            args["payload"] = step["payload"].encode()
        return method(**args)

    def open(self) -> Any:
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
        options = layered(usual, self.options)
        credential = dict(options.pop("credential"))
        cloud = dict(options.pop("cloud"))
        classes = {"client_secret": m365kit.ClientSecret, "static_token": m365kit.StaticToken}
        name = cloud.pop("name")
        return self.client_class(
            **fitted(self.client_class, options),
            credential=classes[credential.pop("kind")](**credential),
            cloud=m365kit.Cloud.custom(**cloud)
            if name == "custom"
            else getattr(m365kit.Cloud, name.upper()),
        )

    async def close(self) -> None:
        if isinstance(self.client, m365kit.AsyncClient):
            await self.client.aclose()
        elif self.client is not None:
            self.client.close()

    def check_ledger(self) -> None:
        requests = self.sandbox.control("ledger")["requests"]
        for expected in self.scenario.get("ledger", []):
            wanted = expected["match"]
            seen = [
                request
                for request in requests
                if wanted.get("path", "") in request["path"]
                and request["method"] == wanted.get("method", request["method"])
                and fits(request["query"], wanted.get("query", {}))
            ]
            matches(len(seen), expected["count"], f"requests like {wanted}")

    def resolve(self, value: Any, now: datetime | None = None) -> Any:
        """Times that are relative to the sandbox's clock, and what an earlier step has saved."""
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
        if value.startswith("$"):
            found: Any = self.saved
            for part in value[1:].split("."):
                found = found[part]
            return found
        return value


async def collect(listing: Any, items: list[Any], take: int | None) -> None:
    if isinstance(listing, m365kit.Paged):
        for item in listing:
            items.append(item)
            if len(items) == take:
                break
    else:
        async for item in listing:
            items.append(item)
            if len(items) == take:
                break


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


def view(value: Any) -> Any:
    """A value as the scenarios write it."""
    if isinstance(value, m365kit.M365Error):
        details = {key: view(getattr(value, name)) for key, name in ERROR_DETAILS.items()}
        return {**details, "errors": details["errors"] or None}
    if isinstance(value, m365kit.Record):
        return value.to_dict()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [view(part) for part in value]
    return value


def expect_error(error: m365kit.M365Error | None, expected: dict[str, Any] | None) -> None:
    """Compares what was raised with what should be."""
    if expected is None:
        if error is not None:
            raise error
        return
    assert error is not None, f"it must fail with {expected}"
    matches(view(error), loosened(expected), "error")
    assert type(error) is getattr(m365kit, error.kind)


def loosened(expected: dict[str, Any]) -> dict[str, Any]:
    """An expected error, of whose texts a part is enough."""
    return {
        key: {"$contains": value}
        if key in ("message", "hint") and isinstance(value, str)
        else value
        for key, value in expected.items()
    }


def fits(actual: Any, expected: Any) -> bool:
    """Whether a value has what is expected of it."""
    try:
        matches(actual, expected, "")
    except AssertionError:
        return False
    return True


def matches(actual: Any, expected: Any, where: str) -> None:
    """Asserts that a value has what is expected of it."""
    said = f"{where}: {str(actual)[:400]} is not {expected}"
    if expected is None:
        assert actual is None, said
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(actual) == len(expected), said
        for index, part in enumerate(expected):
            matches(actual[index], part, f"{where}[{index}]")
    elif not isinstance(expected, dict):
        same_type = isinstance(actual, bool) == isinstance(expected, bool)
        assert same_type and actual == expected, said
    elif "$any" in expected:
        assert actual is not None, said
    elif "$gte" in expected:
        assert isinstance(actual, (int, float)) and actual >= expected["$gte"], said
    elif "$contains" in expected:
        assert isinstance(actual, str) and expected["$contains"] in actual, said
    else:
        assert isinstance(actual, dict), said
        for key, part in expected.items():
            matches(actual.get(key), part, f"{where}.{key}")


def snake(name: str) -> str:
    """A name in Python's spelling."""
    return re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), name)
