"""Pulls a day of a tenant's audit feed into Parquet, tells what stands out in it and which services
are broken, and draws it.

As it is (`make demo`) it reads a simulated tenant. With TENANT, CLIENT_ID and CLIENT_SECRET in the
environment it reads yours:

    python examples/python/demo.py [--last 24h] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chart
import digest
import m365kit as m365
import polars as pl

OUT = Path("target/demo")


def main() -> None:
    """Pulls, then reports and draws what was pulled."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--last", default="24h", help="how far back, up to 7d (default: %(default)s)"
    )
    options.add_argument(
        "--out", type=Path, default=OUT, help="where files go (default: %(default)s)"
    )
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    parquet, drawing = args.out / "audit.parquet", args.out / "audit.png"

    with tenant() as client:
        records = client.audit.records(
            last=args.last, on_error="collect", dedupe=True, extended=digest.COLUMNS
        )
        began = time.monotonic()
        written = records.write_parquet(parquet, overwrite=True, progress=sys.stderr.isatty())
        seconds = time.monotonic() - began
        issues = open_issues(client)

    frame = pl.read_parquet(parquet)
    digest.report(frame)
    digest.heading("Open incidents and advisories")
    for line in issues or ["none"]:
        print(f"            {line}")
    chart.save(frame, drawing)
    rate = written.records / seconds
    print(f"\n{written.records:,} records in {seconds:.1f} s, {rate:,.0f} a second")
    if done := records.report:
        print(
            f"{done.bytes / 1e6:,.0f} MB in {done.blobs:,} blobs;"
            f" {done.duplicates:,} duplicates left out,"
            f" {done.refusals:,} requests refused for their rate"
        )
    print(f"{parquet}: {written.bytes / 1e6:,.1f} MB, every record whole in the column raw")
    print(f"{drawing}: the same day as a chart")
    for error in records.errors[:10]:
        print(f"not read: {error}")


def open_issues(client: m365.Client) -> list[str]:
    """What is broken in the services, a line an issue."""
    try:
        return [
            f"{issue.service}: {issue.title} ({issue.classification} {issue.id}"
            + (f", since {began:%Y-%m-%d})" if (began := issue.start_date_time) else ")")
            for issue in client.service_health.list_issues("isResolved eq false")
        ]
    except m365.M365Error as error:
        # The application may be allowed to read the feed, and not this.
        return [f"not read: {error}"]


@contextmanager
def tenant() -> Iterator[m365.Client]:
    """A client of your tenant, or of a simulated one."""
    if name := os.environ.get("TENANT"):
        credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        with m365.Client(name, credential=credential) as client:
            yield client
        return
    print("No TENANT in the environment: this is a day of a simulated one.", file=sys.stderr)
    sandbox = m365.Sandbox(days=1, blobs=400, records=300, duplicates={"acrossBlobs": 2})
    with sandbox, sandbox.client() as client:
        yield client


if __name__ == "__main__":
    try:
        main()
    except m365.M365Error as error:
        sys.exit(f"{type(error).__name__}: {error}")
