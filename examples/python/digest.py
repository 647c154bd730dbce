"""What a security engineer looks at first in a day of audit records, from a frame of them."""

from __future__ import annotations

import polars as pl

COLUMNS = ["LogonError", "Parameters", "TargetUserOrGroupName", "TargetUserOrGroupType"]
"""What it needs beside the common columns."""

PROMPT = "UserStrongAuthClientAuthNRequiredInterrupt"
"""Not a failure: the user was asked for a second factor."""
SPRAYED = 5
"""How many users an address must have failed to sign in as to look like password spraying."""

RULES = ["New-InboxRule", "Set-InboxRule", "UpdateInboxRules"]
TELLING = ["SubjectOrBodyContainsWords", "DeleteMessage", "MoveToFolder", "ForwardTo", "RedirectTo"]
FORWARDING = ["ForwardingSmtpAddress", "ForwardingAddress"]
POWER = [
    "Add member to role.",
    "Add-MailboxPermission",
    "Consent to application.",
    "Reset user password.",
]
SHARING = [
    "AddedToSecureLink",
    "AnonymousLinkCreated",
    "SecureLinkCreated",
    "SharingInvitationCreated",
    "SharingSet",
]

OPERATION = pl.col("operation").cast(pl.String)
USER = pl.col("user_id").cast(pl.String)
FAILED = (OPERATION == "UserLoginFailed") & (pl.col("LogonError").fill_null("") != PROMPT)
"""Which records are failed sign-ins."""


def report(records: pl.DataFrame) -> None:
    """Prints what there is to see."""
    first, last = records["creation_time"].min(), records["creation_time"].max()
    print(f"\n{len(records):,} records, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC")
    counts("By content type", records, "content_type")
    counts("By workload", records, "workload")
    counts("Busiest users", records, "user_id", 6)
    counts("Busiest operations", records, "operation", 8)
    asked = records.filter(OPERATION == "UserLoginFailed")
    counts("Failed sign-ins, by reason", asked, "LogonError")
    counts("Failed sign-ins, by user", records.filter(FAILED), "user_id", 6)
    sprayers(records)
    done("Mailbox rules and forwarding", mailboxes(records))
    done("Roles, permissions and consent", records.filter(OPERATION.is_in(POWER)), OPERATION)
    shared = records.filter(OPERATION.is_in(SHARING))
    done("Sharing", shared, OPERATION)
    guests = shared.filter(pl.col("TargetUserOrGroupType") == "Guest")
    done("Guests who were given access", guests, pl.col("TargetUserOrGroupName"))


def sprayers(records: pl.DataFrame) -> None:
    """Prints the addresses that tried many users, and whether they got in."""
    address = pl.col("client_address").fill_null("?")
    tried = (
        records.filter(FAILED)
        .group_by(address)
        .agg(pl.len().alias("failures"), USER.n_unique().alias("users"))
        .filter(pl.col("users") >= SPRAYED)
    )
    entered = (
        records.filter(OPERATION == "UserLoggedIn")
        .group_by(address)
        .agg(USER.n_unique().alias("entered"))
    )
    if tried.is_empty():
        return
    heading("Addresses that tried many users")
    suspects = tried.join(entered, on="client_address", how="left").sort(
        "failures", descending=True
    )
    for origin, failures, users, inside in suspects.iter_rows():
        verdict = (
            f"{inside} users sign in from there"
            if inside
            else "SUSPICIOUS: nobody signs in from there"
        )
        row(failures, f"{origin:<16} as {users} users; {verdict}")


def mailboxes(records: pl.DataFrame) -> pl.DataFrame:
    """What was done to rules and forwarding, in a column `what`."""
    kind = pl.List(pl.Struct({"Name": pl.String, "Value": pl.String}))
    changed = records.filter(OPERATION.is_in([*RULES, "Set-Mailbox"])).with_columns(
        pl.col("Parameters").cast(pl.String).str.json_decode(kind).alias("set")
    )
    told = changed.with_columns(
        pl.when(OPERATION == "Set-Mailbox")
        .then(named(FORWARDING))
        .otherwise(named(TELLING).replace("", "other actions"))
        .alias("how")
    )
    what = pl.concat_str(OPERATION, pl.lit(": "), pl.col("how")).alias("what")
    return told.filter(pl.col("how").fill_null("") != "").with_columns(what)


def named(names: list[str]) -> pl.Expr:
    """Those of the cmdlet's parameters that have these names."""
    name, value = (pl.element().struct.field(field) for field in ("Name", "Value"))
    wanted = pl.element().filter(name.is_in(names) & (value.fill_null("") != ""))
    one = pl.concat_str(name, pl.lit("="), value)
    return pl.col("set").list.eval(wanted).list.eval(one).list.join(", ").fill_null("")


def counts(title: str, records: pl.DataFrame, column: str, rows: int = 12) -> None:
    """Prints the largest counts."""
    if records.is_empty():
        return
    heading(title)
    name = pl.col(column).cast(pl.String).fill_null("?")
    found = records.group_by(name).len().sort(["len", column], descending=[True, False])
    for text, count in found.head(rows).iter_rows():
        row(count, text)
    if others := found["len"].slice(rows).sum():
        row(others, "all others")


def done(title: str, records: pl.DataFrame, what: pl.Expr | None = None) -> None:
    """Prints what was done how often, and by whom most."""
    if records.is_empty():
        return
    heading(title)
    by = pl.col("what") if what is None else what.fill_null("?").alias("what")
    users = records.group_by(by, USER.fill_null("?").alias("user")).len()
    tally = (
        users.sort(["len", "user"], descending=[True, False])
        .group_by("what", maintain_order=True)
        .agg(pl.col("len").sum().alias("all"), pl.len().alias("users"), pl.all().first())
        .sort(["all", "what"], descending=[True, False])
    )
    for entry in tally.iter_rows(named=True):
        whom, most = entry["user"], entry["len"]
        by_whom = (
            f"by {whom}"
            if entry["users"] == 1
            else f"by {entry['users']} users, {most:,} by {whom}"
        )
        row(entry["all"], f"{entry['what']}; {by_whom}")


def heading(title: str) -> None:
    """Prints the title of a table."""
    print(f"\n{title}")


def row(count: int, text: str) -> None:
    """Prints a line of a table."""
    print(f"{count:10,}  {text}")
