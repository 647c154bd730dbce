"""The exceptions: a class for each kind, their details, and what lies behind them."""

from __future__ import annotations

import asyncio
import pickle

import pytest

import m365kit
from m365kit import _errors, _native


def test_every_kind_of_the_core_has_a_class() -> None:
    assert list(_errors.KINDS) == _native.ERROR_KINDS
    for kind, error in _errors.KINDS.items():
        assert error is getattr(m365kit, kind)
        assert error.__name__ == error.kind == kind
        assert error.__doc__


def test_they_are_what_python_programs_catch_already() -> None:
    for error, builtin in {
        m365kit.InvalidRequest: ValueError,
        m365kit.Timeout: TimeoutError,
        m365kit.NetworkError: ConnectionError,
        m365kit.PermissionDenied: PermissionError,
    }.items():
        assert issubclass(error, builtin)
        assert issubclass(error, m365kit.M365Error)


def test_an_error_says_what_is_known(sandbox: m365kit.Sandbox) -> None:
    body = '{"error": {"code": "AF20050", "message": "made up"}}'
    sandbox.fault({"status": 404, "body": body}, match={"operation": "blob"}, when="always")
    with sandbox.client() as client, pytest.raises(m365kit.NotFound) as caught:
        list(client.audit.records(["Audit.Exchange"], last="24h"))
    summary = caught.value
    assert summary.errors
    one = summary.errors[0]
    assert isinstance(one, m365kit.NotFound)
    assert (one.status, one.code, one.retryable) == (404, "AF20050", False)
    assert one.content_type == "Audit.Exchange"
    assert one.content_id
    assert "made up" in one.message
    assert "HTTP 404, AF20050" in str(one)
    assert isinstance(one.request_id, str)


def test_the_source_is_the_cause() -> None:
    nobody = "http://127.0.0.1:9"
    client = m365kit.Client(
        "contoso.onmicrosoft.com",
        credential=m365kit.StaticToken("t"),
        cloud=m365kit.Cloud.custom(authority=nobody, management=nobody, graph=nobody),
        attempts=1,
    )
    with client, pytest.raises(m365kit.NetworkError) as caught:
        client.request("GET", "/v1.0/me")
    assert caught.value.retryable
    assert caught.value.__cause__ is not None
    assert "refused" in deepest(caught.value).lower()


def deepest(error: BaseException) -> str:
    """The text at the end of a chain of causes."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def test_a_deadline_is_a_timeout(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"stall": True}, match={"operation": "subscriptions"}, when="always")
    with sandbox.client(deadline="500ms") as client, pytest.raises(TimeoutError) as caught:
        client.audit.list_subscriptions()
    assert isinstance(caught.value, m365kit.Timeout)


def test_collected_errors_are_exceptions(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"status": 410}, match={"operation": "blob", "nth": 1}, when="once")
    with sandbox.client() as client:
        listing = client.audit.records(last="24h", on_error="collect")
        delivered = list(listing)
    assert delivered
    assert [type(error) for error in listing.errors] == [m365kit.Gone]


def test_errors_are_pickled() -> None:
    error = _errors.from_dict(
        {
            "kind": "Throttled",
            "message": "Too many requests",
            "status": 403,
            "code": "AF429",
            "retryable": True,
            "retryAfter": 2.5,
            "causes": ["outer", "inner"],
            "start": "2026-11-20T10:00:00Z",
            "errors": [{"kind": "Gone", "message": "expired", "causes": []}],
        }
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is m365kit.Throttled
    assert str(again) == str(error) == "Too many requests (HTTP 403, AF429)"
    assert (again.retry_after, again.start) == (2.5, error.start)
    assert [type(part) for part in again.errors] == [m365kit.Gone]
    assert deepest(error) == "inner"


def test_an_unknown_kind_is_the_general_class() -> None:
    error = _errors.from_dict(
        {"kind": "Bug", "message": "m365kit has made a mistake", "causes": []}
    )
    assert type(error) is m365kit.M365Error
    assert error.kind == "Bug"


def test_errors_reach_async_callers(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            sandbox.fault({"status": 403}, match={"operation": "subscriptions"}, when="always")
            with pytest.raises(m365kit.PermissionDenied):
                await client.audit.list_subscriptions()

    asyncio.run(main())
