"""Downloads as scenarios take them: chunk by chunk, all at once, or into a file."""

from __future__ import annotations

import hashlib
import inspect
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import m365kit
from evidence import matches

DOWNLOADS = (m365kit.Download, m365kit.AsyncDownload)
LONGEST = 256 * 1024


@dataclass
class Taken:
    """What came of a download before it ended, failed or was left."""

    download: Any
    bytes: bytes = b""
    saved: Any = None
    error: m365kit.M365Error | None = None

    async def take(self, step: dict[str, Any], to: str | None) -> None:
        try:
            if isinstance(self.download, m365kit.AsyncDownload):
                await self.download
            if to is not None:
                overwrite = step.get("overwrite", False)
                self.saved = await done(self.download.save(to, overwrite=overwrite))
                self.bytes = Path(self.saved.path).read_bytes()
            elif step.get("whole"):
                self.bytes = await done(self.download.read())
            else:
                await self.iterate(step.get("take"))
        except m365kit.M365Error as raised:
            self.error = raised

    async def iterate(self, take: int | None) -> None:
        count = 0
        if isinstance(self.download, m365kit.AsyncDownload):
            async with aclosing(self.download.__aiter__()) as chunks:
                async for chunk in chunks:
                    count += 1
                    self.add(chunk)
                    if count == take:
                        break
            return
        for chunk in self.download:
            count += 1
            self.add(chunk)
            if count == take:
                break

    def add(self, chunk: bytes) -> None:
        assert 0 < len(chunk) <= LONGEST
        self.bytes += chunk

    def judge(self, wanted: dict[str, Any]) -> None:
        """Compares the bytes, and what is said of them, with what they should be."""
        wanted = dict(wanted)
        assert self.bytes.startswith(wanted.pop("startsWith", "").encode())
        actual = {"length": len(self.bytes), "sha256": hashlib.sha256(self.bytes).hexdigest()}
        if self.error is None:
            download = self.download
            actual["announced"] = download.length
            actual["contentType"] = download.content_type
            actual["fileName"] = download.file_name
        matches(actual, wanted, "bytes")


async def done(value: Any) -> Any:
    """A value, or what it comes to."""
    return await value if inspect.isawaitable(value) else value
