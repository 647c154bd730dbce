"""What must be true in every language, with the blocking and with the asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from play import COUNTS, play, read_scenarios

AT_ONCE = 6
"""Most of a scenario is waiting, so several are played at once; that tests threads and tasks as well."""
LIMIT = 120

SCENARIOS = {f"{file}: {scenario['name']}": scenario for file, scenario in read_scenarios()}


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future[None]]]:
    """The runs of all scenarios that were selected."""
    chosen: dict[str, list[str]] = {"blocking": [], "async": []}
    for item in request.session.items:
        if item.name.startswith("test_scenario[") and isinstance(item, pytest.Function):
            chosen[item.callspec.params["manner"]].append(item.callspec.params["scenario"])
    futures = {(manner, name): Future[None]() for manner, names in chosen.items() for name in names}
    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        threads.submit(asyncio.run, play_async(chosen["async"], futures))
        for name in chosen["blocking"]:
            threads.submit(play_blocking, name, futures["blocking", name])
        yield futures


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


def play_blocking(name: str, future: Future[None]) -> None:
    """Plays one scenario on a thread."""
    try:
        asyncio.run(play(SCENARIOS[name], "blocking"))
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(None)


@pytest.mark.parametrize("manner", ["blocking", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, manner: str, runs: dict[tuple[str, str], Any]) -> None:
    counts = COUNTS.setdefault(manner, [0, 0])
    counts[1] += 1
    runs[manner, scenario].result(timeout=600)
    counts[0] += 1
    counts[1] -= 1
