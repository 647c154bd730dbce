"""A program that waits in a blocking call until somebody presses Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys

import m365kit

# Shells start background jobs, and all that those start, with Ctrl-C switched off.
signal.signal(signal.SIGINT, signal.default_int_handler)
ABOUT = json.load(sys.stdin)
client = m365kit.Client(
    ABOUT["tenant"],
    credential=m365kit.ClientSecret(ABOUT["clientId"], ABOUT["clientSecret"]),
    cloud=m365kit.Cloud.custom(**ABOUT["cloud"]),
)
try:
    if sys.argv[1] == "call":
        client.audit.list_subscriptions()
    else:
        list(client.audit.records(["Audit.Exchange"], last="24h"))
except KeyboardInterrupt:
    sys.exit(42)
