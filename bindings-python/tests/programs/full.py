"""A program that may write no file longer than a few kilobytes, as on a disk that fills."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import m365kit

folder = Path(sys.argv[1])
before = folder / "before.parquet"
with m365kit.Sandbox(blobs=8, records=200) as sandbox, sandbox.client() as client:
    records = client.audit.records(last="24h")
    kept = records.write_parquet(before)
    bytes_before = before.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    for write in (
        lambda: records.write_jsonl(folder / "day.jsonl"),
        lambda: records.write_parquet(folder / "day.parquet"),
        lambda: records.write_parquet(folder / "day", partition_by=["workload"]),
        lambda: records.write_parquet(before, overwrite=True),
    ):
        try:
            write()
        except m365kit.StorageError as error:
            assert str(folder) in str(error), error
        else:
            raise AssertionError("there was no room for it")
        assert [path.name for path in folder.rglob("*")] == ["before.parquet"]
        assert before.read_bytes() == bytes_before
    # With room it goes on as if nothing had been.
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert records.write_parquet(folder / "day").records == kept.records
print("ok")
