"""What a scenario expects, compared with what came: values, files, the requests of the ledger."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import m365kit
from seen import SEEN

ERROR_DETAILS = {
    "kind": "kind",
    "message": "message",
    "status": "status",
    "code": "code",
    "requestId": "request_id",
    "oauthError": "oauth_error",
    "suberror": "suberror",
    "claims": "claims",
    "interactionRequired": "interaction_required",
    "traceId": "trace_id",
    "correlationId": "correlation_id",
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
    SEEN.show(error)
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


def expect_feed(ids: list[str], delivered: list[str], *, repeats: bool) -> None:
    """Asserts that the records of a feed were delivered, and no others; once, unless repeated."""
    assert ids, "the sandbox's feed is empty, which proves nothing"
    wanted, seen = set(ids), Counter(delivered)
    lost, foreign = sorted(wanted - seen.keys()), sorted(seen.keys() - wanted)
    double = [] if repeats else sorted(id for id, count in seen.items() if count > 1)
    assert not (lost or foreign or double), (
        f"of {len(wanted)} records {len(lost)} lost {lost[:2]}, "
        f"{len(foreign)} foreign {foreign[:2]}, {len(double)} double {double[:2]}"
    )


def expect_files(wanted: dict[str, Any], glob: Path, feed: list[str]) -> None:
    """Asserts what files hold; `feed` are the ids of the sandbox's records."""
    found = sorted(glob.parent.glob(glob.name)) if glob.parent.is_dir() else []
    paths = [path for path in found if path.is_file()]
    if "count" in wanted:
        matches(len(found), wanted["count"], f"files {wanted['glob']}: {found}")
    for path in paths:
        held = path.read_bytes()
        ends = wanted.get("ends", "").encode()
        assert held.startswith(ends) and held.endswith(ends), f"{path} begins or ends otherwise"
        assert held.decode() == wanted["text"] if "text" in wanted else True, f"{path}: {held!r}"
    if not wanted.keys() & {"records", "unique"}:
        return
    ids = []
    for path in paths:
        text = path.read_bytes()
        assert not text or text.endswith(b"\n"), f"{path}: the last line has no end"
        ids += [json.loads(line)["Id"] for line in text.split(b"\n") if line]
    unique = wanted.get("unique", False)
    if wanted.get("records") == "feed":
        expect_feed(feed, ids, repeats=not unique)
    elif "records" in wanted:
        matches(len(ids), wanted["records"], f"records in {wanted['glob']}")
    assert not unique or len(set(ids)) == len(ids), "no record may stand there twice"


def expect_requests(wanted: dict[str, Any], requests: list[dict[str, Any]]) -> None:
    """Asserts what is true of the requests that `wanted` chooses."""
    match = wanted["match"]
    chosen = [
        request
        for request in requests
        if match.get("path", "") in request["path"]
        and request["method"] == match.get("method", request["method"])
        and fits(request["query"], match.get("query", {}))
        and fits(request, match.get("request", {}))
    ]
    if "count" in wanted:
        matches(len(chosen), wanted["count"], f"requests like {match}")
    if "each" in wanted:
        counts = Counter(request["path"] for request in chosen)
        odd = {path: count for path, count in counts.items() if count != wanted["each"]}
        assert not odd, f"asked for not {wanted['each']} times: {odd}"
    if wanted.get("contiguous"):
        expect_contiguous([request["query"] for request in chosen])


def expect_contiguous(queries: list[dict[str, str]]) -> None:
    """Asserts that the spans that were listed leave no gap; they may overlap."""
    spans: dict[str, list[tuple[str, str]]] = {}
    for query in queries:
        if {"contentType", "startTime", "endTime"} <= query.keys():
            span = (query["startTime"], query["endTime"])
            spans.setdefault(query["contentType"], []).append(span)
    assert spans, "no request asks for a span"
    for content_type, asked in spans.items():
        # Times without a zone, all in one format: their order is that of their text.
        reached = min(asked)[0]
        for start, end in sorted(asked):
            assert start <= reached, f"nobody asked for {content_type} from {reached} to {start}"
            reached = max(reached, end)
