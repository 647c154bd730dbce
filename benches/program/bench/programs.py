"""What is compared: a name for each program, and how it is started."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .server import RELEASE, ROOT

HERE = ROOT / "benches" / "program"
NODE = ROOT / "target" / "bench" / "node"
SWIFT = ROOT / "bindings-swift" / "scripts" / "swift.sh"

# The server refuses nothing and is told to be asked as fast as can be: with the 2,000 requests a
# minute that the real service grants, every program would do nothing but wait.
UNLIMITED = "1e9"


@dataclass(frozen=True)
class Program:
    """A program and what it is told."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = HERE


def floor(what: str, *options: str) -> Program:
    """A reader that does less than any user could."""
    return Program(f"floor: {what}", (str(RELEASE / "floor"), what, *options))


def rust(what: str, *, name: str = "", options: tuple[str, ...] = ()) -> Program:
    """The library in Rust, with the options of the program."""
    told = options or ("--concurrency", "16", "--rate-limit", UNLIMITED)
    return Program(name or f"rust: {what}", (str(RELEASE / "library"), what, *told))


def python(what: str) -> Program:
    """The library in Python."""
    command = (sys.executable, "python/library.py", what, "--concurrency", "16")
    return Program(f"python: {what}", (*command, "--rate-limit", UNLIMITED))


def script(what: str) -> Program:
    """What a user would write in Python."""
    return Program(f"script: {what}", (sys.executable, "python/script.py", what))


def node(what: str) -> Program:
    """The library in Node."""
    told = {"BENCH_RATE_LIMIT": UNLIMITED}
    return Program(f"node: {what}", ("node", "library.mjs", what), told, NODE)


def fetch() -> Program:
    """What a user would write in Node."""
    return Program("fetch: loop", ("node", "fetch.mjs"), {}, NODE)


def swift() -> Program:
    """The library in Swift."""
    system = os.uname()
    library = ROOT / "target/package/M365Kit/lib" / f"{system.sysname.lower()}-{system.machine}"
    built = ("-c", "release", "--package-path", str(HERE / "swift"), "-Xlinker", f"-L{library}")
    scratch = ("--scratch-path", str(ROOT / "target" / "bench" / "swift"))
    command = (str(SWIFT), "run", "--skip-build", "--quiet", *built, *scratch, "Bench")
    return Program("swift: pages", command, {"BENCH_RATE_LIMIT": UNLIMITED})
