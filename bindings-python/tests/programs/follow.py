"""A program that follows until it is killed, or has caught up.

python follow.py batches|jsonl STATE TARGET [once]
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta

import m365kit

# Shells start background jobs, and all that those start, with Ctrl-C switched off.
signal.signal(signal.SIGINT, signal.default_int_handler)
MANNER, STATE, TARGET, *MORE = sys.argv[1:]
ABOUT = json.load(sys.stdin)
client = m365kit.Client(
    ABOUT["tenant"],
    credential=m365kit.ClientSecret(ABOUT["clientId"], ABOUT["clientSecret"]),
    cloud=m365kit.Cloud.custom(**ABOUT["cloud"]),
    rate_limit=60_000,
)
feed = client.audit.follow(
    STATE, poll_interval=timedelta(seconds=0.05), lag="3s", stop_when_caught_up=MORE == ["once"]
)
try:
    if MANNER == "jsonl":
        for _ in feed.into_jsonl(TARGET, max_bytes=20_000):
            pass
    else:
        with open(TARGET, "a", encoding="utf-8") as file:
            for page in feed.pages():
                file.write("".join(f"{record.id}\n" for record in page))
                file.flush()
                os.fsync(file.fileno())
except m365kit.Conflict as error:
    with open(TARGET, "a", encoding="utf-8") as file:
        file.write(str(error))
    sys.exit(17)
except KeyboardInterrupt:
    sys.exit(42)
