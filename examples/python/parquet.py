"""How do I keep days of the feed as Parquet? Writes a folder of them, by day and workload.

python parquet.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile

import polars as pl
from tenant import tenant

folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()

with tenant(blobs=200) as client:
    records = client.audit.records(last="48h", on_error="collect")
    written = records.write_parquet(
        folder, partition_by=["date", "workload"], append=True, progress=sys.stderr.isatty()
    )

print(f"{written.records:,} records in {len(written.files)} files below {folder}")
for error in records.errors:
    print(f"not read: {error}", file=sys.stderr)

# Only the folders that the filter needs are opened.
admins = pl.scan_parquet(folder, hive_partitioning=True).filter(pl.col("workload") == "Exchange")
print(admins.group_by("operation").len("events").sort("events", descending=True).collect())
