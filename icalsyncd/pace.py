"""Long work on the event loop, in steps between which others have their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def in_steps(items: Iterable[T], size: int) -> AsyncIterator[list[T]]:
    """*items* by *size* at most, with a turn of the loop after each step but the last."""
    left = iter(items)
    step = list(islice(left, size))
    while step:
        yield step
        step = list(islice(left, size))
        if step:
            await asyncio.sleep(0)
