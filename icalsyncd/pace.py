"""Long work, so that the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def unsearched() -> Iterator[None]:
    """Make much at once, on any thread, without a search for garbage over and over: each would stop everything.

    Whoever comes while another is at it makes do with the other's time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def in_steps(items: Iterable[T], size: int) -> AsyncIterator[list[T]]:
    """*items* by *size* at most, with a turn of the loop after each step but the last."""
    left = iter(items)
    step = list(islice(left, size))
    while step:
        yield step
        step = list(islice(left, size))
        if step:
            await asyncio.sleep(0)
