"""What filters write, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

import m365kit as m365
from filters import filter_of
from m365kit import element, enum_literal, field
from m365kit._filter import as_filter

A, B, C = field("a") == 1, field("b") == 2, field("c") == 3
NAIVE = datetime(2026, 11, 14)


def tree(made: m365.Filter) -> Any:
    return as_filter("filter", made)


def compared(op: str, value: Any) -> dict[str, Any]:
    return {"field": "a", "op": op, "value": value}


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (field("a") == False, compared("eq", False)),  # noqa: E712
        (field("a") != "x'y", compared("ne", "x'y")),
        (field("a") > 1, compared("gt", 1)),
        (
            field("a") >= datetime(2026, 11, 14, 1, tzinfo=timezone(timedelta(hours=1))),
            compared("ge", {"time": "2026-11-14T00:00:00Z"}),
        ),
        (field("a") < 2.5, compared("lt", 2.5)),
        (field("a") <= date(2026, 11, 20), compared("le", {"date": "2026-11-20"})),
        (field("a") == None, compared("eq", None)),  # noqa: E711
        (
            field("a") == UUID("AAAAAAAA-0000-4000-8000-000000000001"),
            compared("eq", {"guid": "aaaaaaaa-0000-4000-8000-000000000001"}),
        ),
        (field("a") == m365.HealthStatus.RESOLVED, compared("eq", {"enum": "resolved"})),
        (field("a") == enum_literal("later"), compared("eq", {"enum": "later"})),
        (field("a") == m365.RecordType(2), compared("eq", 2)),
        (field("a") > timedelta(minutes=90), compared("gt", {"duration": 5400.0})),
        (field("a").startswith("x"), compared("startswith", "x")),
        (field("a").endswith("x"), compared("endswith", "x")),
        (field("a").contains("x"), compared("contains", "x")),
        (3 < field("a"), compared("gt", 3)),  # noqa: SIM300
        (A & B & C, {"and": [tree(A), tree(B), tree(C)]}),
        (A | B | C, {"or": [tree(A), tree(B), tree(C)]}),
        (A & (B | ~C), {"and": [tree(A), {"or": [tree(B), {"not": tree(C)}]}]}),
        (A & "d eq 4", {"and": [tree(A), "d eq 4"]}),
        ("d eq 4" | A, {"or": ["d eq 4", tree(A)]}),
        (~m365.Filter.raw("d eq 4"), {"not": "d eq 4"}),
        (
            field("services").any(element() == "Exchange Online"),
            {
                "any": "services",
                "where": {"field": "", "op": "eq", "value": "Exchange Online"},
            },
        ),
        (field("services").all("x eq 1"), {"all": "services", "where": "x eq 1"}),
    ],
)
def test_each_operator_writes_its_condition(made: m365.Filter, written: Any) -> None:
    assert json.dumps(tree(made)) == json.dumps(written)
    assert filter_of(written) == made
    assert hash(filter_of(written)) == hash(made)


def test_what_a_program_writes_it_reads_back() -> None:
    made = (field("a") == True) & ~field("s").any(element().contains("x")) | enum_of("y")  # noqa: E712
    names = {"field": field, "element": element, "enum_literal": enum_literal}
    assert eval(repr(made), names) == made
    assert repr(field("a") == "x") == "field('a') == 'x'"
    assert repr(field("a") >= datetime(2026, 11, 14, tzinfo=UTC)).endswith("2026-11-14T00:00:00Z")
    assert repr(m365.Filter.raw("a eq 1")) == "Filter.raw('a eq 1')"


def enum_of(member: str) -> m365.Filter:
    return field("e") == enum_literal(member)


def test_filters_are_equal_by_what_they_write() -> None:
    assert (field("a") == 1) == (field("a") == 1)
    assert (field("a") == 1) != (field("a") == True)  # noqa: E712
    assert len({A, field("a") == 1, B}) == 2
    assert (A == "a eq 1") is False


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: A and B,
        lambda: A or B,
        lambda: not A,
        lambda: 1 < field("a") < 3,
    ],
)
def test_and_or_and_not_are_refused(misuse: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"& and \|"):
        misuse()


def test_a_field_alone_is_no_condition() -> None:
    with pytest.raises(TypeError, match="compare it"):
        bool(field("a"))
    with pytest.raises(TypeError):
        hash(field("a"))
    with pytest.raises(TypeError):
        _ = A & field("a")  # type: ignore[operator]


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(
        m365.InvalidRequest, match=r"startDateTime.*2026-11-14 00:00:00 is naive"
    ) as e:
        _ = field("startDateTime") >= NAIVE
    assert isinstance(e.value, ValueError)


@pytest.mark.parametrize("value", [b"x", [1], object(), field("b"), A])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(m365.InvalidRequest, match="no value in a filter"):
        _ = field("a") == value


def test_it_goes_over_with_a_call() -> None:
    with m365.Sandbox(blobs=0) as sandbox, sandbox.client() as client:
        # The core has read it when it names what is wrong with it.
        with pytest.raises(m365.InvalidRequest, match="a b"):
            list(client.service_health.list_issues(field("a b") == 1))
        with pytest.raises(m365.InvalidRequest, match="quote"):
            list(client.service_health.list_issues("a eq 'x"))
        with pytest.raises(m365.InvalidRequest, match="expected a Filter or text, not int"):
            client.service_health.list_issues(3)  # type: ignore[arg-type]
        with pytest.raises(m365.InvalidRequest, match="expected a Filter or text, not Field"):
            client.service_health.list_issues(field("isResolved"))  # type: ignore[arg-type]
