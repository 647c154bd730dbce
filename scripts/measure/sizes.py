"""How large the packages in target/package are.

Usage: python scripts/measure/sizes.py
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "target" / "package"
PROMISED = 8.0
"""Megabytes, for the wheel and the tarball."""


def main() -> int:
    """Prints the sizes; the exit status says whether wheel and tarball keep the promise."""
    large = 0
    for pattern in ("m365kit-*.whl", "m365kit-*.tgz", "M365Kit/lib/*/*"):
        for path in sorted(PACKAGE.glob(pattern)):
            megabytes = path.stat().st_size / 1e6
            print(f"{megabytes:6.1f} MB  {path.relative_to(PACKAGE)}")
            large += path.suffix in (".whl", ".tgz") and megabytes > PROMISED
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
