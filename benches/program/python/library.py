"""The library, as a program in Python uses it.

Usage: python library.py loop|polars|polars-extended|pandas|parquet
       [--concurrency N] [--rate-limit N]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import m365kit
from measure import Run, tenant

EXTENDED = [
    "ActorIpAddress",
    "ApplicationId",
    "AzureActiveDirectoryEventType",
    "ClientInfoString",
    "ClientProcessName",
    "CorrelationId",
    "DeviceProperties",
    "EventSource",
    "ExternalAccess",
    "InterSystemsId",
    "Item.Id",
    "Item.Subject",
    "ItemType",
    "LogonType",
    "MailboxGuid",
    "MailboxOwnerUPN",
    "SiteUrl",
    "SourceFileExtension",
    "SourceFileName",
    "UserAgent",
]
"""Twenty paths of the data of several workloads."""


def read(client: m365kit.Client, form: str) -> dict[str, object]:
    """Reads the last day into the form that is asked for, and says what it found."""
    extended = EXTENDED if form == "polars-extended" else None
    records = client.audit.records(last="24h", extended=extended)
    match form:
        case "loop":
            count = touched = 0
            for record in records:
                count += 1
                touched += record.creation_time is not None
                touched += len(record.operation or "")
                touched += len(record.user_id or "")
            return {"records": count, "touched": touched}
        case "polars" | "polars-extended":
            frame = records.to_polars()
            return {
                "records": frame.height,
                "columns": frame.width,
                "result": int(frame.estimated_size()),
            }
        case "pandas":
            table = records.to_pandas()
            return {"records": len(table), "columns": len(table.columns)}
        case "parquet":
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "day.parquet"
                written = records.write_parquet(path)
                return {"records": written.records, "result": path.stat().st_size}
    raise SystemExit(f"unknown form {form}")


def main() -> None:
    """Reads, and prints what it took."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("form")
    arguments.add_argument("--concurrency", type=int)
    arguments.add_argument("--rate-limit", type=float)
    asked = arguments.parse_args()
    # What a user has imported before the read begins is not part of it; for the script neither.
    match asked.form:
        case "polars" | "polars-extended":
            import polars  # noqa: F401
        case "pandas":
            import pandas
            import pyarrow  # noqa: F401

            del pandas
    at = tenant()
    run = Run()
    credential = m365kit.ClientSecret(at["clientId"], at["clientSecret"])
    options: dict[str, Any] = {
        "concurrency": asked.concurrency,
        "rate_limit": asked.rate_limit,
    }
    with m365kit.Client(
        at["tenant"],
        credential=credential,
        cloud=m365kit.Cloud.custom(**at["cloud"]),
        **{name: value for name, value in options.items() if value is not None},
    ) as client:
        found = read(client, asked.form)
        run.end(**found)


if __name__ == "__main__":
    main()
