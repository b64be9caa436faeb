"""What the listeners may have open leaves what the daemon needs for itself."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from icalsyncd.serving import descriptors
from tests.serving.door import ASK, PATIENCE, is_closed, place


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Nothing more can be opened in the block."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 8, limits[1]))  # noqa: PTH208
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for each in taken:
            os.close(each)


@pytest.mark.slow
async def test_without_a_descriptor_newcomers_wait_and_that_is_told_once(
    deadlines: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    deadlines()
    loop = asyncio.get_running_loop()
    async with place() as here:
        held = await here.connect()
        callers = [socket.socket() for _ in range(40)]
        for caller in callers:
            caller.setblocking(False)
        with no_descriptor_left():
            for caller in callers:
                await loop.sock_connect(caller, ("127.0.0.1", here.listener.port))
                await loop.sock_sendall(caller, ASK)
            assert await is_closed(held[0]), "whoever has been silent makes room"
            told = await asyncio.wait_for(loop.sock_recv(callers[0], 1000), PATIENCE)
            assert told.startswith(b"HTTP/1.1 200")
        for caller in callers[-3:]:
            assert (await asyncio.wait_for(loop.sock_recv(caller, 1000), PATIENCE)).startswith(b"HTTP/1.1 200")
        for caller in callers:
            caller.close()
        held[1].close()
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


@pytest.mark.parametrize("had", [64, 128, 256, 512, 1024, 4096, 500_000])
def test_what_the_listeners_may_have_leaves_what_the_daemons_own_work_needs(had: int) -> None:
    most = descriptors.shares(had)
    assert most.feeds >= 8
    assert most.admin >= 4
    assert had - most.feeds - most.admin >= min(256, had // 2)


def test_the_units_limit_is_enough_for_all_connections() -> None:
    assert descriptors.shares(4096) == descriptors.shares(500_000)
