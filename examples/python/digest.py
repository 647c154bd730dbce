"""What a security engineer looks at first in a day of audit records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

import m365kit as m365

PROMPT = "UserStrongAuthClientAuthNRequiredInterrupt"
"""Not a failure: the user was asked for a second factor."""
SPRAYED = 5
"""How many users an address must have failed to sign in as to look like password spraying."""

RULES = {"New-InboxRule", "Set-InboxRule", "UpdateInboxRules"}
TELLING = ("SubjectOrBodyContainsWords", "DeleteMessage", "MoveToFolder", "ForwardTo", "RedirectTo")
FORWARDING = ("ForwardingSmtpAddress", "ForwardingAddress")
POWER = {
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

Tally = defaultdict[str, Counter[str]]
"""How often something was done, by what and by whom."""


class Digest:
    """Counts while the records pass: it grows with users and addresses, not with records."""

    def __init__(self) -> None:
        self.count = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.feeds: Counter[str] = Counter()
        self.workloads: Counter[str] = Counter()
        self.users: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.failed_from: Tally = defaultdict(Counter)
        self.entered_from: Tally = defaultdict(Counter)
        self.mailboxes: Tally = defaultdict(Counter)
        self.power: Tally = defaultdict(Counter)
        self.sharing: Tally = defaultdict(Counter)
        self.guests: Tally = defaultdict(Counter)

    def add(self, record: m365.AuditRecord) -> None:
        """Counts a record."""
        user, operation = record.user_id or "?", record.operation or "?"
        self.count += 1
        self.feeds[record.content_type or "?"] += 1
        self.workloads[record.workload or "?"] += 1
        self.users[user] += 1
        self.operations[operation] += 1
        if (when := record.creation_time) is not None:
            self.first = min(self.first or when, when)
            self.last = max(self.last or when, when)

        # What not all workloads have is in `data`, the whole record, parsed when it is asked for.
        if operation == "UserLoginFailed":
            reason = record.data.get("LogonError") or "no reason given"
            self.reasons[reason] += 1
            if reason != PROMPT:
                self.failures[user] += 1
                self.failed_from[record.client_address or "?"][user] += 1
        elif operation == "UserLoggedIn":
            self.entered_from[record.client_address or "?"][user] += 1
        elif operation in RULES:
            self.mailboxes[f"{operation}: {named(record, TELLING) or 'other actions'}"][user] += 1
        elif operation == "Set-Mailbox" and (target := named(record, FORWARDING)):
            self.mailboxes[f"{operation}: {target}"][user] += 1
        elif operation in POWER:
            self.power[operation][user] += 1
        elif operation in SHARING:
            self.sharing[operation][user] += 1
            if record.data.get("TargetUserOrGroupType") == "Guest":
                self.guests[record.data.get("TargetUserOrGroupName") or "?"][user] += 1

    def report(self) -> None:
        """Prints what there is to see."""
        if self.first and self.last:
            span = f"{self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} UTC"
            print(f"\n{self.count:,} records, {span}")
        counts("By content type", self.feeds)
        counts("By workload", self.workloads)
        counts("Busiest users", self.users, 6)
        counts("Busiest operations", self.operations, 8)
        counts("Failed sign-ins, by reason", self.reasons)
        counts("Failed sign-ins, by user", self.failures, 6)
        self.sprayers()
        tally("Mailbox rules and forwarding", self.mailboxes)
        tally("Roles, permissions and consent", self.power)
        tally("Sharing", self.sharing)
        tally("Guests who were given access", self.guests)

    def sprayers(self) -> None:
        """Prints the addresses that tried many users, and whether they got in."""
        tried = {
            address: users for address, users in self.failed_from.items() if len(users) >= SPRAYED
        }
        if not tried:
            return
        heading("Addresses that tried many users")
        for address, users in sorted(tried.items(), key=lambda item: -item[1].total()):
            entered = len(self.entered_from[address])
            verdict = (
                f"{entered} users sign in from there"
                if entered
                else "SUSPICIOUS: nobody signs in from there"
            )
            row(users.total(), f"{address:<16} as {len(users)} users; {verdict}")


def named(record: m365.AuditRecord, names: tuple[str, ...]) -> str:
    """Those of the cmdlet's parameters that have these names."""
    return ", ".join(
        f"{name}={value}" for name, value in parameters(record) if name in names and value
    )


def parameters(record: m365.AuditRecord) -> Iterator[tuple[str, str]]:
    """The parameters of the cmdlet that a record is about."""
    for parameter in record.data.get("Parameters") or ():
        yield parameter.get("Name", ""), parameter.get("Value", "")


def counts(title: str, counter: Counter[str], rows: int = 12) -> None:
    """Prints the largest counts."""
    if counter:
        heading(title)
    for name, count in counter.most_common(rows):
        row(count, name)
    if len(counter) > rows:
        row(sum(counter.values()) - sum(n for _, n in counter.most_common(rows)), "all others")


def tally(title: str, done: Tally) -> None:
    """Prints what was done how often, and by whom most."""
    if done:
        heading(title)
    for what, users in sorted(done.items(), key=lambda item: -item[1].total()):
        [(user, most)] = users.most_common(1)
        whom = f"by {user}" if len(users) == 1 else f"by {len(users)} users, {most:,} by {user}"
        row(users.total(), f"{what}; {whom}")


def heading(title: str) -> None:
    """Prints the title of a table."""
    print(f"\n{title}")


def row(count: int, text: str) -> None:
    """Prints a line of a table."""
    print(f"{count:10,}  {text}")
