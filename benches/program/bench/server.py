"""The simulated tenant, as a process of its own: what it takes is not counted."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[3]
RELEASE = ROOT / "target" / "release"

# The feed lies within the last day however long the benchmark runs, nothing is compressed, and
# nothing is remembered of the requests: those are the server's affair and not what is compared.
ALWAYS = ["--days", "0.8", "--no-compression", "--ledger", "0", "--watch-stdin"]


class Server:
    """A running sandbox; its options are those of the command."""

    def __init__(self, options: Mapping[str, float], config: Path | None = None) -> None:
        """Starts it; `config` is a file with what has no option."""
        words = [] if config is None else ["--config", str(config)]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        self.process = subprocess.Popen(
            [RELEASE / "m365kit-sandbox", *ALWAYS, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.about: str = self.process.stdout.readline().strip()
        self.url: str = json.loads(self.about)["url"]

    @property
    def environment(self) -> dict[str, str]:
        """What tells a program where it is."""
        return {"BENCH_TENANT": self.about}

    def control(self, name: str, **arguments: object) -> Any:
        """Does a control operation."""
        request = urllib.request.Request(
            f"{self.url}/sandbox/{name}", data=json.dumps(arguments).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def records(self) -> int:
        """How many records its feed has."""
        count: int = self.control("feed", bytes=False)["records"]
        return count

    def __enter__(self) -> Self:
        """Nothing more to do: it listens."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
