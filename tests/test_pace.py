"""Long work, beside which the rest of the daemon goes on."""

from __future__ import annotations

import asyncio
import gc

import pytest

from icalsyncd.pace import in_steps, unsearched


async def test_others_have_their_turn_between_steps_and_only_between_them() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    seen = [(step, turns) async for step in in_steps(range(5), 2)]
    beside.cancel()
    assert [step for step, _ in seen] == [[0, 1], [2, 3], [4]]
    assert [turn for _, turn in seen] == [0, 1, 2]
    assert [step async for step in in_steps((), 2)] == []


def test_garbage_is_searched_for_again_once_the_first_is_done_whatever_happened() -> None:
    with unsearched():
        assert not gc.isenabled()
        with unsearched():
            pass
        assert not gc.isenabled(), "the first is at it still"
    assert gc.isenabled()
    with pytest.raises(ValueError, match="a bug"), unsearched():
        raise ValueError("a bug")
    assert gc.isenabled()
