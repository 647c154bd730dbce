"""How do I keep a day of audit records? Writes them to standard output, one a line, as they came.

python pull_a_day.py > day.jsonl
"""

from __future__ import annotations

import sys

from tenant import tenant

sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]

with tenant() as client:
    records = client.audit.records(last="24h", on_error="collect")
    for record in records:
        # A line break in it can only be one between its members.
        print(record.raw.replace("\n", " "))

print(records.report, file=sys.stderr)
for error in records.errors:
    print(f"not read: {error}", file=sys.stderr)
