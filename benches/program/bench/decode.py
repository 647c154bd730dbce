"""300 MB, as fast as each can: aims 1 to 3, and whether the server is fast enough to tell."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import programs
from .aims import Aim, at_least, at_most, ratio
from .runs import Runs, in_turns, table
from .server import RELEASE, Server

FEED = {"blobs": 2_000, "records": 100, "record_bytes": 1_300, "keep_bytes": 1_000_000_000}
PARSERS = ("parse-sonic", "parse-simd", "parse-tape")
SPLITTERS = ("lines-sonic", "lines-serde")


def run(times: int) -> tuple[list[Aim], dict[str, Any]]:
    """Runs all, prints the tables; the aims, and the figures."""
    with Server(FEED) as server:
        records = server.records()
        print(f"\n2,000 blobs, {records:,} records\n")
        size = prepared(server)
        print(f"  {size / 1e6:.0f} MB; the server keeps them\n")
        ceiling = own_ceiling(server, max(times, 5))
        floors = fastest(server, records, max(times, 5))
        compared = in_turns(
            [
                programs.floor("count"),
                programs.floor(floors["parse"]),
                programs.floor(floors["lines"]),
                programs.rust("records"),
                programs.rust("lines"),
                programs.rust("arrow"),
                programs.rust("table"),
                programs.python("loop"),
                programs.python("polars"),
                programs.python("polars-extended"),
                programs.python("pandas"),
                programs.python("parquet"),
                programs.node("pages"),
                programs.node("batches"),
                programs.swift(),
                programs.script("list"),
                programs.script("loop"),
                programs.script("pandas"),
                programs.script("polars"),
                programs.fetch(),
            ],
            server,
            times,
            records,
        )
    print("\n" + table(f"{size / 1e6:.0f} MB, {records:,} records", compared) + "\n")
    figures = {
        "feed": FEED | {"bytes": size, "records": records},
        "ceiling": {name: runs.report() for name, runs in ceiling.items()},
        "floors": floors,
        "programs": {name: runs.report() for name, runs in compared.items()},
    }
    return aims(compared, floors), figures


def prepared(server: Server) -> int:
    """Reads all once, which makes the server make its bodies: how many bytes they have."""
    downloader = programs.floor("count")
    return int(in_turns([downloader], server, 1)[downloader.name].lines[0]["bytes"])


def own_ceiling(server: Server, times: int) -> dict[str, Runs]:
    """The sandbox beside a server that can do nothing but answer with the same bodies."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "paths"
        environment = server.environment
        listed = subprocess.run(
            [RELEASE / "floor", "paths"], env=environment, check=True, capture_output=True
        )
        paths.write_bytes(listed.stdout)
        with subprocess.Popen(
            [RELEASE / "bare_server", paths],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as bare:
            assert bare.stdout is not None
            assert bare.stdin is not None
            url = bare.stdout.readline().strip()
            given = ("count", "--paths", str(paths))
            sandbox = programs.Program("downloader: sandbox", (str(RELEASE / "floor"), *given))
            bodies = programs.Program(
                "downloader: bare server", (str(RELEASE / "floor"), *given, "--server", url)
            )
            runs = in_turns([sandbox, bodies], server, times)
            bare.stdin.close()
    print("\n" + table("The server's own ceiling", runs))
    slower = ratio(runs[sandbox.name].seconds, runs[bodies.name].seconds)
    if slower is not None:
        print(f"The sandbox takes {slower:.2f} times as long as the bare server.\n")
    return runs


def fastest(server: Server, records: int, times: int) -> dict[str, str]:
    """Which parser and which splitter are the fastest here: they are the floors."""
    runs = in_turns(map(programs.floor, PARSERS + SPLITTERS), server, times, records)
    print("\n" + table("Candidates for the floors", runs))

    def best(of: tuple[str, ...]) -> str:
        return min(of, key=lambda what: runs[f"floor: {what}"].seconds or float("inf"))

    floors = {"parse": best(PARSERS), "lines": best(SPLITTERS)}
    print(f"The floors are {floors['parse']} and {floors['lines']}.\n")
    return floors


def aims(runs: dict[str, Runs], floors: dict[str, str]) -> list[Aim]:
    """What the figures come to."""

    def seconds(name: str) -> float | None:
        return runs[name].seconds

    def times_faster(ours: str, theirs: str) -> float | None:
        return ratio(seconds(theirs), seconds(ours))

    parse, lines = f"floor: {floors['parse']}", f"floor: {floors['lines']}"
    polars = runs["python: polars"]
    result = polars.median("result")
    over = None if polars.peak is None or result is None else polars.peak - result
    theirs = runs["script: polars"].peak
    lines_peak = ratio(runs["rust: lines"].peak, 1e6)
    return [
        at_least(
            1,
            "Rust records, of the speed of the parsing floor",
            0.80,
            times_faster("rust: records", parse),
        ),
        at_least(
            1,
            "Rust lines, of the speed of the splitting floor",
            0.90,
            times_faster("rust: lines", lines),
        ),
        at_most(1, "Rust lines, memory", 100, lines_peak, " MB"),
        at_least(
            2,
            "Python to polars, beside the script's polars",
            20,
            times_faster("python: polars", "script: polars"),
        ),
        at_least(
            2,
            "Python to polars, beside the script's pandas",
            10,
            times_faster("python: polars", "script: pandas"),
        ),
        at_most(
            2, "memory over the size of the frame, of the script's peak", 0.1, ratio(over, theirs)
        ),
        at_most(
            2,
            "processor time, beside Rust to Arrow that lets go of each batch",
            1.3,
            ratio(polars.cpu, runs["rust: arrow"].cpu),
        ),
        at_most(
            2,
            "processor time, beside Rust to Arrow that holds all as a frame does",
            1.3,
            ratio(polars.cpu, runs["rust: table"].cpu),
        ),
        at_least(
            2,
            "with 20 extended columns, beside the script's polars",
            10,
            times_faster("python: polars-extended", "script: polars"),
        ),
        at_least(
            3,
            "Python loop, beside the script's loop",
            4,
            times_faster("python: loop", "script: loop"),
        ),
        at_least(3, "Node in batches, beside fetch", 4, times_faster("node: pages", "fetch: loop")),
    ]
