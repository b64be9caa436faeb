"""The look before a portal is told something: one for all who want it, and never longer than it may be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from icalsyncd.pulling import look as module
from icalsyncd.pulling.look import Looks
from icalsyncd.pulling.report import PullOutcome, Report
from icalsyncd.state.view import SyncName

NAME: SyncName = ("house", "a")


def answering(report: Report | None) -> Callable[[SyncName], Awaitable[Report | None]]:
    async def pull(name: SyncName) -> Report | None:
        return report

    return pull


@pytest.mark.parametrize(
    ("outcome", "seen"),
    [("updated", True), ("not_modified", True), ("partial", False), ("held", False), ("failed", False)],
)
async def test_a_calendar_is_seen_where_it_came_whole(outcome: PullOutcome, seen: bool) -> None:
    assert await Looks(answering(Report("house/a", outcome, None, 0, 0, 0))).look(NAME) == seen


async def test_a_portal_that_was_not_asked_was_not_seen() -> None:
    assert not await Looks(answering(None)).look(NAME)


async def test_a_bug_in_a_look_is_no_reason_not_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    async def pull(name: SyncName) -> Report | None:
        raise RuntimeError("a bug")

    looks = Looks(pull)
    assert not await looks.look(NAME)
    assert "a look ended in a bug" in caplog.text
    assert not await looks.look(NAME)
    assert len(caplog.records) == 2, "each one is a look of its own"


async def test_all_who_want_a_look_share_one_which_outlives_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SyncName] = []
    answer: asyncio.Future[Report | None] = asyncio.get_running_loop().create_future()

    async def pull(name: SyncName) -> Report | None:
        asked.append(name)
        return await answer

    looks = Looks(pull)
    first, second = (asyncio.create_task(looks.look(NAME)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MAX_LOOK", 0.0)
        assert not await looks.look(NAME), "it does not wait for ever"
    answer.set_result(Report("house/a", "updated", None, 0, 0, 0))
    assert await asyncio.wait_for(second, 10)
    assert asked == [NAME]


async def test_looks_end_with_the_daemon_and_whoever_waits_is_let_go() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def pull(name: SyncName) -> Report | None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    looks = Looks(pull)
    waiting = asyncio.create_task(looks.look(NAME))
    await asyncio.wait_for(begun.wait(), 10)
    await looks.close()
    assert ended.is_set()
    assert not await asyncio.wait_for(waiting, 10)
