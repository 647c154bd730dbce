"""Who failed to sign in, and from where?"""

from __future__ import annotations

from collections import Counter

import m365kit as m365
from tenant import tenant

failures: Counter[tuple[str | None, str | None, str]] = Counter()
with tenant() as client:
    for record in client.audit.records([m365.ContentType.AZURE_ACTIVE_DIRECTORY], last="24h"):
        if record.operation == "UserLoginFailed":
            # Not one of the fields that all workloads share: it stands in the whole record.
            reason = record.data.get("LogonError", "")
            failures[record.user_id, record.client_address, reason] += 1

for (user, address, reason), count in failures.most_common(20):
    print(f"{count:5}  {user:<40} {address:<20} {reason}")
