"""Records and enums: plain values that lose nothing."""

from __future__ import annotations

import copy
import json
import pickle
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
