"""Why do no records come?

The same is there as a command: python -m m365kit diagnose
"""

from __future__ import annotations

import sys

from tenant import tenant

with tenant() as client:
    diagnosis = client.audit.diagnose()

for finding in diagnosis.findings:
    print(f"{finding.severity:<8} {finding.message}")
    if finding.action:
        print(f"{'':<8} -> {finding.action}")
sys.exit(not diagnosis.healthy)
