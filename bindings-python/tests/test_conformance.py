"""What must be true in every language, with the blocking and with the asynchronous client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from play import COUNTS, play, read_scenarios
from seen import SEEN

AT_ONCE = 16
"""Most of a scenario is waiting, so several are played at once; that tests threads, too."""
LIMIT = 120

SCENARIOS = {f"{group}: {scenario['name']}": scenario for group, scenario in read_scenarios()}


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future[None]]]:
    """The runs of all scenarios that were selected."""
    chosen: dict[str, list[str]] = {"blocking": [], "async": []}
    for item in request.session.items:
        if item.name.startswith("test_scenario[") and isinstance(item, pytest.Function):
            params = item.callspec.params
            chosen[str(params["manner"])].append(str(params["scenario"]))
    logger = logging.getLogger("m365kit")
    logger.addHandler(SEEN)
    logger.setLevel(1)
    futures = {(manner, name): Future[None]() for manner, names in chosen.items() for name in names}
    Thread(target=asyncio.run, args=[play_async(chosen["async"], futures)], daemon=True).start()
    waiting: SimpleQueue[str] = SimpleQueue()
    for name in chosen["blocking"]:
        waiting.put(name)
    for _ in range(AT_ONCE):
        # Daemons, so that a scenario that hangs fails its test and not the whole run.
        Thread(target=play_blocking, args=[waiting, futures], daemon=True).start()
    yield futures
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(SEEN)


async def play_async(names: list[str], futures: dict[tuple[str, str], Future[None]]) -> None:
    """Plays scenarios as tasks of one loop."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with places:
            try:
                async with asyncio.timeout(LIMIT):
                    await play(SCENARIOS[name], "async")
            except BaseException as error:
                futures["async", name].set_exception(error)
            else:
                futures["async", name].set_result(None)

    await asyncio.gather(*map(one, names))


def play_blocking(waiting: SimpleQueue[str], futures: dict[tuple[str, str], Future[None]]) -> None:
    """Plays scenarios on a thread until none is left."""
    while True:
        try:
            name = waiting.get_nowait()
        except Empty:
            return
        try:
            asyncio.run(play(SCENARIOS[name], "blocking"))
        except BaseException as error:
            futures["blocking", name].set_exception(error)
        else:
            futures["blocking", name].set_result(None)


@pytest.mark.parametrize("manner", ["blocking", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=list(SCENARIOS))
def test_scenario(scenario: str, manner: str, runs: dict[tuple[str, str], Any]) -> None:
    group = scenario.split(":")[0]
    counts = COUNTS.setdefault(manner, {}).setdefault(group, [0, 0])
    counts[1] += 1
    runs[manner, scenario].result(timeout=3 * LIMIT)
    counts[0] += 1
    counts[1] -= 1


def test_no_secret_or_token_is_seen(runs: dict[tuple[str, str], Any]) -> None:
    """Neither in the log at its lowest level, nor in what clients and errors print."""
    for run in runs.values():
        run.exception(timeout=3 * LIMIT)
    found = SEEN.occurrences()
    counts = f"{len(SEEN.secrets)} secrets and tokens, {len(found)} occurrences"
    print(f"{counts} in {len(SEEN.lines)} lines")
    assert SEEN.secrets and SEEN.lines
    assert not found, found[:5]
