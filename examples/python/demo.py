"""Pulls a day of a tenant's audit feed, keeps it as JSON Lines, and tells what stands out in it.

Run it as it is (`make demo`) and it reads a simulated tenant. With TENANT, CLIENT_ID and
CLIENT_SECRET in the environment it reads yours:

    python examples/python/demo.py [--last 24h] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO

import m365kit as m365

OUT = Path(__file__).resolve().parents[2] / "target" / "demo" / "audit.jsonl"

RULES = {"New-InboxRule", "Set-InboxRule", "UpdateInboxRules"}
FORWARDING = {"ForwardingSmtpAddress", "ForwardingAddress", "ForwardTo", "RedirectTo"}
PRIVILEGE = {
    "Add member to role.",
    "Add-MailboxPermission",
    "Consent to application.",
    "Reset user password.",
}
SHARING = {
    "AddedToSecureLink",
    "AnonymousLinkCreated",
    "SecureLinkCreated",
    "SharingInvitationCreated",
    "SharingSet",
}
SPRAYED = 3
"""From how many users that fail to sign in an address counts as suspicious."""


def main() -> None:
    """Pulls, then reports."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--last", default="24h", help="how far back, up to 7d (default: 24h)")
    options.add_argument("--out", type=Path, default=OUT, help="where the records go")
    args = options.parse_args()

    args.out.parent.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with tenant() as (client, expected), args.out.open("w", **JSON_LINES) as out:
        records = client.audit.records(last=args.last, on_error="collect", dedupe=True)
        began = time.monotonic()
        for record in progress(records, expected):
            findings.add(record)
            write(record, out)
        seconds = time.monotonic() - began
    report(findings, records, seconds, args.out)


@contextmanager
def tenant() -> Iterator[tuple[m365.Client, int | None]]:
    """A client of the tenant in the environment, or of a simulated one whose size is known."""
    if "TENANT" in os.environ:
        credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        with m365.Client(os.environ["TENANT"], credential=credential) as client:
            yield client, None
        return
    print("No TENANT in the environment: reading a day of a simulated one.", file=sys.stderr)
    day = {"days": 1, "blobs": 400, "records": 300, "duplicates": {"acrossBlobs": 2}}
    with m365.Sandbox(**day) as sandbox, sandbox.client() as client:
        yield client, sandbox.feed()["uniqueRecords"]


def progress(
    records: Iterable[m365.AuditRecord], expected: int | None
) -> Iterable[m365.AuditRecord]:
    """The same records, with a bar on a terminal."""
    if not sys.stderr.isatty():
        return records
    from tqdm import tqdm

    bar: Iterable[m365.AuditRecord] = tqdm(records, total=expected, unit=" records", unit_scale=True)
    return bar


JSON_LINES = {"encoding": "utf-8", "errors": "surrogateescape", "newline": "\n"}


def write(record: m365.AuditRecord, out: TextIO) -> None:
    """Keeps the record as it came; a line break in it can only be one between its members."""
    out.write(record.raw.replace("\n", " "))
    out.write("\n")


@dataclass
class Findings:
    """What is counted while the records pass; it grows with users and addresses, not records."""

    records: int = 0
    first: datetime | None = None
    last: datetime | None = None
    feeds: Counter[str] = field(default_factory=Counter)
    workloads: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    targets: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Users that failed to sign in, by address."""
    entered: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Users that did sign in, by address."""
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    privilege: Counter[tuple[str, str]] = field(default_factory=Counter)
    sharing: Counter[tuple[str, str]] = field(default_factory=Counter)
    guests: Counter[str] = field(default_factory=Counter)

    def add(self, record: m365.AuditRecord) -> None:
        """Counts one record."""
        user, operation = record.user_id or "?", record.operation or "?"
        self.records += 1
        self.feeds[record.content_type or "?"] += 1
        self.workloads[record.workload or "?"] += 1
        self.users[user] += 1
        self.operations[operation] += 1
        if record.creation_time is not None:
            self.first = min(self.first or record.creation_time, record.creation_time)
            self.last = max(self.last or record.creation_time, record.creation_time)

        address = record.client_address or "?"
        if operation == "UserLoginFailed":
            self.failures[user] += 1
            self.targets[address][user] += 1
            # Not among the fields that all workloads share, so it is read from the whole record.
            self.reasons[record.data.get("LogonError") or "no reason given"] += 1
        elif operation == "UserLoggedIn":
            self.entered[address].add(user)
        elif operation in RULES:
            self.rules[f"{operation}: {rule_of(record)}", user] += 1
        elif operation == "Set-Mailbox":
            for name, value in parameters(record):
                if name in FORWARDING and value:
                    self.rules[f"Set-Mailbox: {name} {value}", user] += 1
        elif operation in PRIVILEGE:
            self.privilege[operation, user] += 1
        elif operation in SHARING:
            self.sharing[operation, user] += 1
            if record.data.get("TargetUserOrGroupType") == "Guest":
                self.guests[record.data.get("TargetUserOrGroupName", "?")] += 1

    def suspicious(self) -> list[tuple[str, int, int, int]]:
        """Addresses that tried many users: failures, users, and users that did get in from there."""
        rows = [
            (address, users.total(), len(users), len(self.entered[address] & users.keys()))
            for address, users in self.targets.items()
            if len(users) >= SPRAYED and users.total() > len(self.entered[address])
        ]
        return sorted(rows, key=lambda row: -row[1])


def parameters(record: m365.AuditRecord) -> Iterator[tuple[str, str]]:
    """The parameters of the cmdlet that the record is about."""
    for parameter in record.data.get("Parameters") or ():
        yield parameter.get("Name", ""), parameter.get("Value", "")


def rule_of(record: m365.AuditRecord) -> str:
    """What an inbox rule does, in short."""
    telling = ("SubjectOrBodyContainsWords", "DeleteMessage", "MoveToFolder", *FORWARDING)
    said = [f"{name}={value}" for name, value in parameters(record) if name in telling]
    return ", ".join(said) or "no action named"


def report(
    findings: Findings, records: m365.Paged[m365.AuditRecord], seconds: float, out: Path
) -> None:
    """Prints what a security engineer looks at first."""
    count = findings.records
    print(f"\n{count:,} audit records in {seconds:.1f} s ({count / seconds:,.0f} a second)")
    if findings.first and findings.last:
        print(f"from {findings.first:%Y-%m-%d %H:%M} to {findings.last:%Y-%m-%d %H:%M} UTC")
    if about := records.report:
        print(
            f"{about.blobs:,} blobs, {about.bytes / 1e6:,.0f} MB; {about.duplicates:,} duplicates"
            f" left out, {about.refusals:,} requests refused by the rate limit, {about.failed:,} parts failed"
        )
    for error in records.errors[:5]:
        print(f"  {error}")

    table("By content type", findings.feeds)
    table("By workload", findings.workloads, 12)
    table("Busiest users", findings.users, 8)
    table("Busiest operations", findings.operations, 10)

    failed = findings.failures.total()
    table(f"Failed sign-ins: {failed:,}, by user", findings.failures, 8)
    table("Failed sign-ins by reason", findings.reasons, 5)
    heading("Addresses that failed as many users")
    for address, failures, users, entered in findings.suspicious()[:8]:
        got_in = f", and {entered} of them did sign in from there" if entered else ""
        print(f"  {failures:8,}  {address:<24} {users} users{got_in}")

    table("Mailbox rules and forwarding", findings.rules, 8)
    table("Roles, permissions and consent", findings.privilege, 8)
    table("External sharing, by what was done", by_first(findings.sharing))
    table("External sharing, by user", by_second(findings.sharing), 5)
    table("Guests that were given access", findings.guests, 5)
    print(f"\nThe records, one a line as they came: {shown(out)}")


def table(title: str, counts: Counter[str] | Counter[tuple[str, str]], rows: int = 10) -> None:
    """Prints the largest counts; nothing if there are none."""
    if not counts:
        return
    heading(title)
    for name, count in counts.most_common(rows):
        text = name if isinstance(name, str) else "  by ".join(name)
        print(f"  {count:8,}  {text}")
    if len(counts) > rows:
        print(f"  {'':8}  and {len(counts) - rows:,} more")


def heading(title: str) -> None:
    """Prints a heading."""
    print(f"\n{title}\n{'-' * len(title)}")


def by_first(counts: Counter[tuple[str, str]]) -> Counter[str]:
    """Sums over the second half of the keys."""
    return sum_by(counts, 0)


def by_second(counts: Counter[tuple[str, str]]) -> Counter[str]:
    """Sums over the first half of the keys."""
    return sum_by(counts, 1)


def sum_by(counts: Counter[tuple[str, str]], half: int) -> Counter[str]:
    """Sums over the other half of the keys."""
    sums: Counter[str] = Counter()
    for key, count in counts.items():
        sums[key[half]] += count
    return sums


def shown(path: Path) -> str:
    """The path from here, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    try:
        main()
    except m365.M365Error as error:
        sys.exit(f"{type(error).__name__}: {error}")
