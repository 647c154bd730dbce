"""Records and enums: plain values that lose nothing."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

import m365kit

TIME = datetime(2026, 11, 20, 10, 3, 12, 500_000, UTC)


@pytest.fixture
def record(sandbox: m365kit.Sandbox) -> m365kit.AuditRecord:
    raw = {
        "Id": "a",
        "CreationTime": "2026-11-20T10:03:12",
        "RecordType": 4711,
        "Operation": "Set-Mailbox",
        "UserType": 0,
        "ClientIP": "203.0.113.7:443",
        "Extra": ["kept", 1.50],
    }
    sandbox.add_content("Audit.Exchange", [raw])
    with sandbox.client() as client:
        found = [r for r in client.audit.records(["Audit.Exchange"], last="24h") if r.id == "a"]
    return found[0]


def test_a_record_is_typed(record: m365kit.AuditRecord) -> None:
    assert record.creation_time == TIME.replace(microsecond=0)
    assert record.creation_time.tzinfo is UTC
    assert record.operation == "Set-Mailbox"
    assert record.user_type is m365kit.UserType.REGULAR
    assert (record.client_ip, record.client_address, record.client_port) == (
        "203.0.113.7:443",
        "203.0.113.7",
        443,
    )


def test_a_record_keeps_its_original(record: m365kit.AuditRecord) -> None:
    assert json.loads(record.raw) == record.data
    assert record.data["Extra"] == ["kept", 1.50]
    assert "raw" not in repr(record)


def test_a_record_is_pickled_copied_and_compared(record: m365kit.AuditRecord) -> None:
    for again in (
        pickle.loads(pickle.dumps(record)),
        copy.deepcopy(record),
        m365kit.AuditRecord.from_dict(record.to_dict()),
        m365kit.AuditRecord.from_json(json.dumps(record.to_dict())),
    ):
        assert again == record
        assert type(again.record_type) is m365kit.RecordType
        assert again.raw == record.raw
    other = copy.copy(record)
    other.operation = "New-Mailbox"
    assert other != record
    assert record != record.to_dict()


def test_a_record_of_a_page_is_filled_when_it_is_touched(record: m365kit.AuditRecord) -> None:
    assert record.operation is record.operation
    assert record.creation_time is record.creation_time
    assert record.app_access_context is None
    record.operation = "New-Mailbox"
    assert record.operation == "New-Mailbox"
    assert record.to_dict()["operation"] == "New-Mailbox"
    # What was read is kept by the record, not by its page.
    assert record.data["Operation"] == "Set-Mailbox"


def test_a_record_put_together_by_hand(record: m365kit.AuditRecord) -> None:
    made = m365kit.AuditRecord(**{name: getattr(record, name) for name in record.__match_args__})
    assert made == record
    assert made.raw is record.raw
    with pytest.raises(TypeError):
        m365kit.AuditRecord(raw="", operatoin="x")  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="operation"):
        m365kit.AuditRecord.__new__(m365kit.AuditRecord).operation

    class Marked(m365kit.AuditRecord):
        mark = 1

    assert Marked(raw="", operation="x").operation == "x"


def test_records_that_refer_to_themselves_are_collected(sandbox: m365kit.Sandbox) -> None:
    class Context(dict[str, object]):
        pass

    with sandbox.client() as client:
        record = next(iter(client.audit.records(last="24h")))
    context = Context()
    context["record"] = record
    record.app_access_context = context
    gone = weakref.ref(context)
    del record, context
    gc.collect()
    assert gone() is None


def test_threads_see_one_value(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        records = list(client.audit.records(last="24h"))

    def touch(_: int) -> list[object]:
        return [getattr(r, name) for r in records for name in r.__match_args__]

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(touch, range(4))
    for other in others:
        assert all(one is same for one, same in zip(first, other, strict=True))


def test_records_outlive_their_page_listing_and_client(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        records = list(client.audit.records(last="24h"))
    del client
    gc.collect()
    assert all(record.id and record.data["Id"] == record.id for record in records)


def test_a_pickle_of_an_older_version_lacks_what_came_since() -> None:
    target = m365kit.WebhookTarget.__new__(m365kit.WebhookTarget)
    target.__setstate__({"address": "https://example.com"})
    assert target == m365kit.WebhookTarget(address="https://example.com")


def test_a_record_matches_patterns(record: m365kit.AuditRecord) -> None:
    match record:
        case m365kit.AuditRecord(operation="Set-Mailbox", record_type=kind):
            assert kind == 4711
        case _:
            pytest.fail("it did not match")


def test_a_record_has_no_other_attributes(record: m365kit.AuditRecord) -> None:
    with pytest.raises(AttributeError):
        record.Operation = "x"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        m365kit.WebhookTarget("https://example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        hash(record)


def test_times_are_written_in_utc_without_needless_digits() -> None:
    def written(time: datetime) -> object:
        target = m365kit.WebhookTarget(address="https://example.com", expiration=time)
        return target.to_dict()["expiration"]

    assert written(TIME) == "2026-11-20T10:03:12.5Z"
    assert written(TIME.replace(microsecond=0)) == "2026-11-20T10:03:12Z"
    assert written(TIME.astimezone(timezone(timedelta(hours=5)))) == "2026-11-20T10:03:12.5Z"
    with pytest.raises(m365kit.InvalidRequest, match="naive"):
        written(TIME.replace(tzinfo=None))


def test_open_numbers_keep_what_is_unknown() -> None:
    known, unknown = m365kit.RecordType(1), m365kit.RecordType(99_999)
    assert known == 1 == m365kit.RecordType.EXCHANGE_ADMIN
    assert (known.name, unknown.name) == ("ExchangeAdmin", None)
    assert repr(known) == "<RecordType.EXCHANGE_ADMIN: 1>"
    assert repr(unknown) == "<RecordType: 99999>"
    assert f"{known} {unknown}" == "1 99999"
    assert json.dumps([known, unknown]) == "[1, 99999]"
    assert pickle.loads(pickle.dumps(unknown)) == unknown


def test_open_texts_keep_what_is_unknown() -> None:
    assert m365kit.ContentType.EXCHANGE == "Audit.Exchange"
    unknown = m365kit.ContentType("Audit.Moon")
    assert unknown == "Audit.Moon"
    assert pickle.loads(pickle.dumps(unknown)) == unknown
    assert isinstance(copy.copy(unknown), m365kit.ContentType)
