"""How do I get the feed into a data frame? Counts a day's events by hour and workload.

The same with `to_pandas()` and `to_arrow()`, or with any library that reads Arrow:
`duckdb.sql("FROM batches")` of `batches = client.audit.records(last="24h").batches()`.
"""

from __future__ import annotations

import polars as pl
from tenant import tenant

with tenant(blobs=200) as client:
    # Fields beyond the common ones get columns when they are named; `raw` has everything.
    frame = client.audit.records(last="24h", extended=["ApplicationId"]).to_polars(raw=False)

print(frame.schema)
hour = pl.col("creation_time").dt.truncate("1h")
print(frame.group_by(hour.alias("hour"), "workload").len("events").sort("hour", "workload"))
