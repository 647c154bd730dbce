"""What happened two months ago, when the feed no longer knows?"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from tenant import tenant

end = datetime.now(UTC) - timedelta(days=30)

with tenant() as client:
    found = client.audit.search(
        end - timedelta(days=30), end=end, display_name="m365kit example", poll_interval="1s"
    )
    for page in found.pages():
        # Until the service has carried it out, the pages are empty.
        if page.report:
            print(f"{page.report.status}: {len(page)} records", file=sys.stderr)
        for record in page:
            print(record.creation_time, record.operation, record.user_id)
