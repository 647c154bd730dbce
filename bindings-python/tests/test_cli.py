"""`python -m m365kit`, as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars
import pytest

import m365kit
from conftest import until
from m365kit.__main__ import main

Done = subprocess.CompletedProcess[str]


def environment(sandbox: m365kit.Sandbox | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    if sandbox is None:
        return kept
    return kept | {
        "AZURE_TENANT_ID": sandbox.tenant,
        "AZURE_CLIENT_ID": sandbox.client_id,
        "AZURE_CLIENT_SECRET": sandbox.client_secret,
    }


def urls(sandbox: m365kit.Sandbox) -> list[str]:
    cloud = sandbox.control("describe")["cloud"]
    return [f"--{host}-url={cloud[host]}" for host in ("authority", "management", "graph")]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "m365kit", *map(str, arguments)]


def run(sandbox: m365kit.Sandbox | None, *arguments: str | Path, text: str = "") -> Done:
    done = subprocess.run(
        command(*arguments),
        env=environment(sandbox),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if sandbox is not None:
        assert sandbox.client_secret not in done.stdout + done.stderr
    return done


def follow(sandbox: m365kit.Sandbox, tmp_path: Path, *more: str) -> list[str | Path]:
    where = ["--state", tmp_path / "a.m365state", "--into-jsonl", tmp_path / "out"]
    pace = ["--poll-interval", "100ms", "--lag", "3s"]
    return ["follow", *urls(sandbox), *where, *pace, *more]


def lines(folder: Path) -> list[str]:
    """The ids in all files."""
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*"))]
    return [json.loads(line)["Id"] for text in texts for line in text.splitlines()]


def test_pull_writes_files(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    day = tmp_path / "day.parquet"
    done = run(sandbox, "pull", *urls(sandbox), "--parquet", day)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(day) in done.stdout
    assert polars.read_parquet(day).height == len(sandbox.feed(ids=True)["ids"])

    again = run(sandbox, "pull", *urls(sandbox), "--parquet", day)
    assert again.returncode == 2
    assert "overwrite" in again.stderr

    parts = ["--partition-by", "date", "--partition-by", "workload"]
    done = run(sandbox, "pull", *urls(sandbox), "--parquet", tmp_path / "days", *parts, "--json")
    told = json.loads(done.stdout)
    assert told["records"] == told["report"]["records"] > 0
    assert all(Path(path).is_file() and "workload=" in path for path in told["files"])

    out = tmp_path / "day.jsonl"
    done = run(sandbox, "pull", *urls(sandbox), "--jsonl", out, "--last", "24h")
    assert done.returncode == 0
    assert sorted(json.loads(line)["Id"] for line in out.read_text("utf-8").splitlines()) == sorted(
        sandbox.feed(ids=True)["ids"]
    )


def test_pull_tells_what_it_could_not_read(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    sandbox.fault({"status": 404}, match={"operation": "blob"}, times=1, when="always")
    done = run(sandbox, "pull", *urls(sandbox), "--jsonl", tmp_path / "day.jsonl")
    assert done.returncode == 1
    assert "404" in done.stderr
    assert (tmp_path / "day.jsonl").is_file()
    wrong = run(sandbox, "pull", "--jsonl", tmp_path / "x", "--partition-by", "date")
    assert wrong.returncode == 2


def test_a_healthy_tenant(sandbox: m365kit.Sandbox) -> None:
    done = run(sandbox, "diagnose", *urls(sandbox))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("The feed can be read.\n")
    one = run(sandbox, "diagnose", *urls(sandbox), "--content-type=Audit.Exchange", "--json")
    diagnosis = json.loads(one.stdout)
    assert diagnosis["healthy"] is True
    assert {finding.get("contentType") for finding in diagnosis["findings"]} == {
        None,
        "Audit.Exchange",
    }


def test_a_problem_is_the_exit_status() -> None:
    with m365kit.Sandbox(blobs=3, credential_state="expired") as sandbox:
        done = run(sandbox, "diagnose", *urls(sandbox))
        assert done.returncode == 1
        assert "PROBLEM" in done.stdout
        assert "AADSTS7000222" in done.stdout or "expired" in done.stdout
        broken = json.loads(run(sandbox, "diagnose", *urls(sandbox), "--json").stdout)
        assert broken["healthy"] is False


@pytest.mark.parametrize(
    ("config", "broken", "status", "cause"),
    [
        ({"roles": []}, None, 1, "lacks the permission ActivityFeed.Read"),
        ({"auditing": False}, None, 1, "unified auditing"),
        ({}, {"status": "disabled"}, 1, "the subscription to Audit.Exchange is disabled"),
        ({"credential_state": "other_cloud"}, None, 1, "another national cloud"),
        ({"credential_state": "unknown_tenant"}, None, 1, "the tenant is not known"),
        ({"credential_state": "expired"}, None, 1, "the secret of the application has expired"),
        ({"skew": 900}, None, 0, "seconds behind the service's"),
        (
            {},
            {
                "status": "enabled",
                "webhook": {"address": "https://example.com/", "status": "disabled"},
            },
            1,
            "the webhook of Audit.Exchange is disabled",
        ),
    ],
    ids=["role", "auditing", "subscription", "cloud", "tenant", "secret", "clock", "webhook"],
)
def test_each_finding_names_the_cause(
    config: dict[str, Any],
    broken: dict[str, Any] | None,
    status: int,
    cause: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with m365kit.Sandbox(blobs=3, **config) as sandbox:
        if broken is not None:
            sandbox.control("set_subscription", contentType="Audit.Exchange", **broken)
        for name, value in environment(sandbox).items():
            monkeypatch.setenv(name, value)
        assert main(["diagnose", *urls(sandbox)]) == status
        said, complaints = capsys.readouterr()
        assert cause in said
        assert complaints == ""
        assert sandbox.client_secret not in said


def test_a_copy_of_the_feed_and_what_its_state_says(
    sandbox: m365kit.Sandbox, tmp_path: Path
) -> None:
    done = run(sandbox, *follow(sandbox, tmp_path, "--once"))
    assert (done.returncode, done.stderr) == (0, "")
    ids = sandbox.feed(ids=True)["ids"]
    assert sorted(lines(tmp_path / "out")) == sorted(ids)
    again = run(sandbox, *follow(sandbox, tmp_path, "--once", "--json"))
    steps = [json.loads(line) for line in again.stdout.splitlines()]
    assert sum(step["records"] for step in steps) == 0
    assert sorted(lines(tmp_path / "out")) == sorted(ids)

    state = tmp_path / "a.m365state"
    shown = run(sandbox, "inspect", state)
    assert shown.returncode == 0, shown.stderr
    assert "12 blobs are remembered" in shown.stdout
    assert json.loads(run(sandbox, "inspect", state, "--json").stdout)["remembered"] == 12
    exported = run(None, "export", state, "--tenant", sandbox.tenant)
    assert json.loads(exported.stdout)
    # In a folder, the name of the file tells the tenant.
    folder = tmp_path / "states"
    folder.mkdir()
    state.rename(folder / f"{sandbox.tenant}.m365state")
    assert run(None, "inspect", folder).returncode == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_follower_is_ended_by_a_signal(
    sandbox: m365kit.Sandbox, tmp_path: Path, ending: signal.Signals
) -> None:
    # Shells start background jobs, and all that those start, with Ctrl-C switched off.
    program = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "runpy.run_module('m365kit', run_name='__main__', alter_sys=True)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, follow(sandbox, tmp_path))],
        env=environment(sandbox),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ids = sandbox.feed(ids=True)["ids"]
    until(lambda: len(lines(tmp_path / "out")) == len(ids), 20)
    begin = time.monotonic()
    running.send_signal(ending)
    _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (0, "")
    assert time.monotonic() - begin < 5


def test_what_fails_is_told(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    sandbox.fault({"status": 404}, match={"operation": "blob", "nth": 1}, when="always")
    done = run(sandbox, *follow(sandbox, tmp_path, "--once"))
    assert done.returncode == 1
    assert "NotFound" in done.stderr
    missing = run(sandbox, "inspect", tmp_path / "none.m365state")
    assert missing.returncode == 1
    assert "NotFound" in missing.stderr
    (tmp_path / "text").write_text("not a state", "utf-8")
    odd = run(sandbox, "inspect", tmp_path / "text")
    assert odd.returncode == 1
    assert "StorageError" in odd.stderr
    assert (tmp_path / "text").read_text("utf-8") == "not a state"


def test_secrets_come_by_file_or_standard_input(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{sandbox.client_secret}\n", "utf-8")
    account = ["--tenant", sandbox.tenant, "--client-id", sandbox.client_id]
    for source, text in ((secret, ""), ("-", sandbox.client_secret)):
        options = [*account, "--client-secret-file", source, *urls(sandbox)]
        assert run(None, "diagnose", *options, text=text).returncode == 0
    token = sandbox.control("issue_token")["token"]
    options = ["--tenant", sandbox.tenant, "--token-file", "-", *urls(sandbox)]
    done = run(None, "diagnose", *options, text=token)
    assert done.returncode == 0, done.stdout
    assert token not in done.stdout


def test_a_wrong_command_line(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    for arguments, about in (
        ([], "COMMAND"),
        (["diagnose"], "AZURE_TENANT_ID"),
        (["diagnose", "--tenant", "contoso.com"], "AZURE_CLIENT_ID"),
        (["diagnose", "--tenant", "contoso.com", "--client-id", "x"], "AZURE_CLIENT_SECRET"),
        (["follow"], "--state"),
        (["inspect", str(tmp_path)], "0 states"),
        (["inspect", "some.state"], "--tenant"),
        (["export"], "STATE"),
    ):
        done = run(None, *arguments)
        assert done.returncode == 2, arguments
        assert about in done.stderr, arguments
    for options, about in (
        (["--cloud", "mars"], "mars"),
        (["--cloud", "public", "--cloud-url", "http://127.0.0.1:1"], "names a cloud"),
        (["--cloud-url", "http://example.com"], "http"),
        (["--client-secret-file", str(tmp_path / "none")], "none"),
        (["--content-type", ""], "content"),
    ):
        done = run(sandbox, "diagnose", *options)
        assert done.returncode == 2, (options, done.stdout, done.stderr)
        assert about in done.stderr, options
    spans = run(sandbox, *follow(sandbox, tmp_path, "--last", "soon"))
    assert (spans.returncode, "last" in spans.stderr) == (2, True)


def test_its_version() -> None:
    assert run(None, "--version").stdout == f"m365kit {m365kit.__version__}\n"
