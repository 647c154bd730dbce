"""How do I keep a copy of the feed, complete and without duplicates, whatever happens?

    python follow.py records          goes on until it is stopped, and from there when started again
    python follow.py records once     ends when it has caught up, as a job of cron should

The same is there as a command: python -m m365kit follow --state ... --into-jsonl ...
"""

from __future__ import annotations

import sys
from pathlib import Path

from tenant import tenant

directory = Path(sys.argv[1] if len(sys.argv) > 1 else "records")
directory.mkdir(parents=True, exist_ok=True)

with tenant() as client:
    feed = client.audit.follow(
        directory / "position.m365state", stop_when_caught_up="once" in sys.argv
    )
    with feed.into_jsonl(directory) as files:
        try:
            for page in files.pages():
                for step in page:
                    print(f"{step.records} records of {step.blobs} blobs, {step.bytes} bytes")
                    for path in step.sealed:
                        # Nothing changes in it any more: here it would be handed on.
                        print(f"{path} is whole")
                for problem in (*page.errors, *page.warnings):
                    print(f"not read: {problem}", file=sys.stderr)
        except KeyboardInterrupt:
            print("ended; what was written is safe", file=sys.stderr)
