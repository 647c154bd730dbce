"""Right and wrong calls, for mypy: what is wrong must be found, and nothing else. It is not run."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

import m365kit as m365
from m365kit.sandbox_discovery import SandboxDiscovery
from m365kit.sandbox_identity import SandboxApp, SandboxLogin
from m365kit.sandbox_service_health import SandboxHealthStore
from m365kit.webhook import WebhookApp


def construct(secret: m365.ClientSecret) -> None:
    m365.Client("contoso.com", credential=secret, rate_limit=600, deadline=timedelta(minutes=1))
    m365.Client("contoso.com", credential=secret, cloud=m365.Cloud.GCC_HIGH, read_timeout="20s")
    m365.Client("contoso.com")  # type: ignore[call-arg]
    m365.Client("contoso.com", secret)  # type: ignore[call-arg]
    m365.Client("contoso.com", credential="secret")  # type: ignore[arg-type]
    m365.Client("contoso.com", credential=secret, cloud="public")  # type: ignore[arg-type]
    m365.Client("contoso.com", credential=secret, concurrency="many")  # type: ignore[arg-type]
    m365.Client("contoso.com", credential=secret, no_such_option=1)  # type: ignore[call-arg]
    m365.ClientSecret("id")  # type: ignore[call-arg]
    m365.Cloud.custom("https://example.com")  # type: ignore[call-arg]


def blocking(client: m365.Client, start: datetime) -> None:
    records = client.audit.records(["Audit.Exchange"], last="24h")
    assert_type(records, m365.AuditRecords)
    as_paged: m365.Paged[m365.AuditRecord] = records
    for record in as_paged:
        assert_type(record.creation_time, datetime | None)
        assert_type(record.record_type, m365.RecordType | None)
        assert_type(record.operation, str | None)
        assert_type(record.raw, str)
        assert_type(record.data, Any)
        record.no_such_field  # type: ignore[attr-defined]
    for page in records.pages():
        assert_type(page, m365.Page[m365.AuditRecord])
        assert_type(page[0], m365.AuditRecord)
        assert_type(page.errors, list[m365.M365Error])
    assert_type(records.errors, list[m365.M365Error])
    assert_type(records.token, str | None)
    assert_type(records.report, m365.Report | None)
    assert_type(client.audit.list_subscriptions(), list[m365.Subscription])
    client.audit.records([m365.ContentType.EXCHANGE], start=start, last=timedelta(days=1))
    client.audit.records({"Audit.Exchange"}, on_error="collect")
    client.audit.records([1])  # type: ignore[list-item]
    client.audit.records(last=24)  # type: ignore[arg-type]
    client.audit.records(start="2026-11-20")  # type: ignore[arg-type]
    client.audit.records(["Audit.Exchange"], start)  # type: ignore[call-arg]
    client.audit.start()  # type: ignore[call-arg]
    with client as same:
        assert_type(same, m365.Client)


def filtered(client: m365.Client, start: datetime) -> None:
    assert_type(m365.field("isResolved") == False, m365.Filter)  # noqa: E712
    assert_type(m365.field("startDateTime") >= start, m365.Filter)
    services = m365.field("services").any(m365.element() == "Exchange Online")
    either = services | (m365.field("status") == m365.HealthStatus.RESOLVED)
    assert_type(~either & "isMajorChange eq true", m365.Filter)
    issues = client.service_health.list_issues(either & services, select=["title"])
    assert_type(issues, m365.Paged[m365.ServiceIssue])
    client.service_health.list_messages("isMajorChange eq true")
    client.service_health.list_issues(m365.field("isResolved"))  # type: ignore[arg-type]
    client.service_health.list_issues(True)  # type: ignore[arg-type]
    m365.field("title").contains(3)  # type: ignore[arg-type]
    m365.field("services").any(True)  # type: ignore[arg-type]
    either & 3  # type: ignore[operator]


async def awaited(client: m365.AsyncClient) -> None:
    records = client.audit.records(last="24h")
    assert_type(records, m365.AsyncAuditRecords)
    async for record in records:
        assert_type(record, m365.AuditRecord)
    async for page in records.pages():
        assert_type(page, m365.Page[m365.AuditRecord])
    for record in records:  # type: ignore[attr-defined]
        pass
    assert_type(await client.audit.list_subscriptions(), list[m365.Subscription])
    async with client as same:
        assert_type(same, m365.AsyncClient)
    with client:  # type: ignore[attr-defined]
        pass


def columns(client: m365.Client, path: Path) -> None:
    records = client.audit.records(last="24h", progress=True)
    batches = records.batches(raw=False, batch_rows=1000, progress=print)
    assert_type(batches, m365.Batches)
    for batch in batches:
        assert_type(batch, m365.Batch)
        assert_type(len(batch), int)
    assert_type(batches.error, BaseException | None)
    for lines in records.lines():
        assert_type(lines.bytes, bytes)
    assert_type(records.write_jsonl(path, overwrite=True, progress=True), m365.Written)
    written = records.write_parquet(path, partition_by=["date", m365.PartitionColumn.WORKLOAD])
    assert_type(written.files, list[str])
    assert_type(written.conflicts, dict[str, int])
    records.to_polars(raw=False)
    records.to_polars(False)  # type: ignore[call-arg]
    records.write_parquet()  # type: ignore[call-arg]
    records.batches(batch_rows="many")  # type: ignore[arg-type]
    client.audit.records(last="24h", progress="yes")  # type: ignore[arg-type]
    client.audit.follow(path).into_parquet(
        "folder", compression="snappy", extended=["ApplicationId"]
    )


async def awaited_columns(client: m365.AsyncClient) -> None:
    records = client.audit.records(last="24h")
    async for batch in records.batches():
        assert_type(batch, m365.Batch)
    assert_type(await records.write_parquet("day.parquet"), m365.Written)
    for batch in records.batches():  # type: ignore[attr-defined]
        pass


def following(client: m365.Client, path: Path) -> None:
    feed = client.audit.follow(path, poll_interval="30s", lag=timedelta(seconds=5))
    assert_type(feed, m365.AuditFollow)
    as_paged: m365.Paged[m365.AuditRecord] = feed
    for record in as_paged:
        assert_type(record, m365.AuditRecord)
    with feed as same:
        assert_type(same, m365.AuditFollow)
        for page in same.pages():
            assert_type(page.warnings, list[m365.Warning])
            assert_type(page.report, m365.Report | None)
    feed.commit()
    files = client.audit.follow("state").into_jsonl("folder", max_age="1h")
    assert_type(files, m365.Paged[m365.SinkStep])
    for step in files:
        assert_type(step.sealed, list[str])
    files.commit()  # type: ignore[attr-defined]
    client.audit.follow()  # type: ignore[call-arg]
    client.audit.follow(b"state")  # type: ignore[arg-type]
    client.audit.follow(path, poll_interval=30)  # type: ignore[arg-type]
    assert_type(client.audit.inspect_state(path), m365.FollowState)
    assert_type(client.audit.diagnose().findings[0].severity, m365.Severity)
    client.audit.search("2026-09-01")  # type: ignore[arg-type]


async def following_async(client: m365.AsyncClient) -> None:
    async with client.audit.follow("state", commit="manual") as feed:
        assert_type(feed, m365.AsyncAuditFollow)
        async for page in feed.pages():
            assert_type(page, m365.Page[m365.AuditRecord])
            await feed.commit()
        async for step in feed.into_jsonl("folder"):
            assert_type(step, m365.SinkStep)
    with feed:  # type: ignore[attr-defined]
        pass
    WebhookApp(client, auth_id="agreed")
    WebhookApp([client], on_notification=print)


def wrong_webhook(client: m365.Client) -> None:
    WebhookApp(client)  # type: ignore[arg-type]


def token(request: m365.TokenRequest) -> m365.AccessToken:
    return m365.AccessToken(request.scope)


async def async_token(request: m365.TokenRequest) -> str:
    return request.scope


def wrong_token(request: str) -> str:
    return request


m365.Callback(token)
m365.Callback(async_token)
m365.Callback(wrong_token)  # type: ignore[arg-type]


def matched(record: m365.AuditRecord) -> str | None:
    match record:
        case m365.AuditRecord(operation=operation):
            return operation


def sandboxed() -> None:
    with m365.Sandbox(blobs=6, subscribed=["Audit.Exchange"]) as sandbox:
        sandbox.client(rate_limit=600)
        sandbox.client(no_such_option=1)  # type: ignore[call-arg]
        assert_type(sandbox.ledger()[0]["aborted"], bool)
        sandbox.fault({"status": 500}, match={"operation": "blob"}, when="once")
        sandbox.fault({"status": 500}, match={"operation": "nothing"})  # type: ignore[arg-type]
        sandbox.fault({"status": 500}, when="sometimes")  # type: ignore[arg-type]
        sandbox.fault({"status": 500}, match={"operation": "health_issues"})
        assert_type(sandbox.service_health(), SandboxHealthStore)
        sandbox.set_service_health({"retired": 410, "live": {"every": 60}, "limits": True})
        sandbox.set_service_health({"dialect": "latin"})  # type: ignore[typeddict-item]
        sandbox.resolve_issue(sandbox.add_issue()["id"], status="falsePositive")


def signed_in() -> None:
    app: SandboxApp = {"consented": False, "redirectUris": {"native": ["http://localhost"]}}
    with m365.Sandbox(identity={"apps": [app], "behaviour": {"device": ["declined"]}}) as sandbox:
        assert_type(sandbox.identity["managed"]["serverThumbprint"], str | None)
        assert_type(sandbox.set_app({"clientId": "another"}), SandboxApp)
        assert_type(sandbox.set_behaviour({"authorize": "refuse"})["deviceInterval"], int)
        sandbox.set_behaviour({"authorize": "shrug"})  # type: ignore[typeddict-item]
        sandbox.set_behaviour({"autorize": "form"})  # type: ignore[typeddict-unknown-key]
        assert_type(sandbox.device_code(["pending", "approved"], user_code="ABC"), int)
        sandbox.device_code(["shrugged"])  # type: ignore[list-item]
        assert_type(sandbox.make_certificate(register=True)["privateKey"], str)
        assert_type(sandbox.ledger(operation="device_code")[0].get("login"), SandboxLogin | None)
        sandbox.credential_state("unwell")  # type: ignore[arg-type]
    m365.Sandbox(identity={"apps": [{"consent": False}]})  # type: ignore[arg-type]


def discovered() -> None:
    discovery: SandboxDiscovery = {"domains": {"gov.example": {"cloud": "gcc_high"}}}
    with m365.Sandbox(discovery=discovery) as sandbox:
        assert_type(sandbox.set_discovery({"mischief": "entities"})["retired"], bool)
        sandbox.set_discovery({"mischief": "kindness"})  # type: ignore[typeddict-item]
        sandbox.set_discovery({"gone": True})  # type: ignore[typeddict-unknown-key]
        user = sandbox.discovery_user("sadie.lund@contoso.onmicrosoft.com", consented=["Mail"])
        assert_type(user, SandboxDiscovery)
        sandbox.ledger(operation="discovery")
    m365.Sandbox(discovery={"domains": {"gov.example": {"cloud": "mars"}}})  # type: ignore[arg-type]


def failed(error: m365.InvalidRequest) -> None:
    as_value_error: ValueError = error
    assert_type(error.errors, list[m365.M365Error])
    assert_type(error.retry_after, float | None)
    print(as_value_error)
