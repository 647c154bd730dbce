"""Pulls a day of a tenant's audit feed, keeps it as JSON Lines, and tells what stands out in it.

As it is (`make demo`) it reads a simulated tenant. With TENANT, CLIENT_ID and CLIENT_SECRET in the
environment it reads yours:

    python examples/python/demo.py [--last 24h] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import m365kit as m365
from digest import Digest

OUT = Path("target/demo/audit.jsonl")


def main() -> None:
    """Pulls, then reports."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--last", default="24h", help="how far back, up to 7d (default: %(default)s)"
    )
    options.add_argument(
        "--out", type=Path, default=OUT, help="where records go (default: %(default)s)"
    )
    args = options.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)

    digest = Digest()
    with tenant() as (client, expected):
        records = client.audit.records(last=args.last, on_error="collect", dedupe=True)
        began = time.monotonic()
        with args.out.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as out:
            for record in progress(records, expected):
                digest.add(record)
                # As it came; a line break in it can only be one between its members.
                out.write(record.raw.replace("\n", " ") + "\n")
        seconds = time.monotonic() - began

    digest.report()
    count = digest.count
    print(f"\n{count:,} records in {seconds:.1f} s, {count / seconds:,.0f} a second: {args.out}")
    if report := records.report:
        print(
            f"{report.bytes / 1e6:,.0f} MB in {report.blobs:,} blobs;"
            f" {report.duplicates:,} duplicates left out,"
            f" {report.refusals:,} requests refused for their rate"
        )
    for error in records.errors[:10]:
        print(f"not read: {error}")


@contextmanager
def tenant() -> Iterator[tuple[m365.Client, int | None]]:
    """A client of your tenant, or of a simulated one, of which we know how much it holds."""
    if name := os.environ.get("TENANT"):
        credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        with m365.Client(name, credential=credential) as client:
            yield client, None
        return
    print("No TENANT in the environment: this is a day of a simulated one.", file=sys.stderr)
    sandbox = m365.Sandbox(days=1, blobs=400, records=300, duplicates={"acrossBlobs": 2})
    with sandbox, sandbox.client() as client:
        yield client, sandbox.feed()["uniqueRecords"]


def progress(
    records: Iterable[m365.AuditRecord], expected: int | None
) -> Iterable[m365.AuditRecord]:
    """The same records; on a terminal, with a bar."""
    if not sys.stderr.isatty():
        return records
    from tqdm import tqdm  # type: ignore[import-untyped]

    # Not tqdm's own guess, which shows nothing on terminals that do not tell their size.
    columns, rows = shutil.get_terminal_size()
    bar: Iterable[m365.AuditRecord] = tqdm(
        records, total=expected, unit=" records", unit_scale=True, ncols=columns, nrows=rows
    )
    return bar


if __name__ == "__main__":
    try:
        main()
    except m365.M365Error as error:
        sys.exit(f"{type(error).__name__}: {error}")
