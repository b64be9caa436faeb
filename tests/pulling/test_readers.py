"""Turns on the threads that read calendars."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from icalsyncd.pulling.readers import MOST, Readers


async def test_a_portal_that_takes_long_keeps_no_other_waiting() -> None:
    readers, let_go = Readers(), threading.Event()
    try:
        slow = [asyncio.create_task(readers.do("evil", let_go.wait)) for _ in range(10)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(readers.do("good", lambda: "read"), 30) == "read"
        assert not any(task.done() for task in slow)
        let_go.set()
        assert await asyncio.wait_for(asyncio.gather(*slow), 30) == [True] * 10
    finally:
        let_go.set()
        readers.close()


async def test_a_portal_has_one_thread_at_a_time_and_its_calendars_in_order() -> None:
    readers = Readers()
    running, most, done = 0, 0, []

    def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        done.append(number)
        running -= 1

    try:
        await asyncio.gather(*(readers.do("evil", lambda number=number: work(number)) for number in range(50)))  # type: ignore[misc]
    finally:
        readers.close()
    assert most == 1
    assert done == list(range(50))


async def test_who_has_waited_longest_is_next_and_nobody_has_two_turns_running() -> None:
    readers, let_go, done = Readers(1), threading.Event(), []
    try:
        first = asyncio.create_task(readers.do("first", let_go.wait))
        await asyncio.sleep(0)
        rest = [
            asyncio.create_task(readers.do(whose, lambda whose=whose: done.append(whose)))  # type: ignore[misc]
            for whose in ("evil", "evil", "evil", "good", "other")
        ]
        await asyncio.sleep(0)
        let_go.set()
        await asyncio.wait_for(asyncio.gather(first, *rest), 30)
    finally:
        let_go.set()
        readers.close()
    assert done == ["evil", "good", "other", "evil", "evil"]


async def test_what_goes_wrong_is_told_to_whom_it_concerns_and_to_nobody_else() -> None:
    readers = Readers(1)
    try:
        with pytest.raises(ZeroDivisionError):
            await readers.do("evil", lambda: 1 // 0)
        assert await readers.do("good", lambda: 2) == 2
    finally:
        readers.close()


async def test_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    readers, let_go, done = Readers(1), threading.Event(), []
    try:
        first = asyncio.create_task(readers.do("first", let_go.wait))
        await asyncio.sleep(0)
        given_up = asyncio.create_task(readers.do("second", lambda: done.append("second")))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait({given_up})
        let_go.set()
        await asyncio.wait_for(asyncio.gather(first, readers.do("third", lambda: done.append("third"))), 30)
    finally:
        let_go.set()
        readers.close()
    assert done == ["third"]


async def test_no_more_threads_are_made_than_may_be() -> None:
    readers, let_go, started = Readers(), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        started.release()
        let_go.wait()

    try:
        before = threading.active_count()
        all_of_them = [asyncio.create_task(readers.do(f"portal-{number}", work)) for number in range(3 * MOST)]
        for _ in range(MOST):
            assert await asyncio.to_thread(started.acquire, timeout=30)
        assert sum(thread.name.startswith("reader-") for thread in threading.enumerate()) <= MOST
        assert threading.active_count() >= before
        let_go.set()
        await asyncio.wait_for(asyncio.gather(*all_of_them), 30)
    finally:
        let_go.set()
        readers.close()


@pytest.mark.slow
def test_the_process_ends_though_a_thread_still_reads() -> None:
    program = textwrap.dedent("""
        import asyncio, threading
        from icalsyncd.pulling.readers import Readers

        async def main():
            readers, started = Readers(), threading.Event()
            def work():
                started.set()
                while True:
                    pass
            task = asyncio.create_task(readers.do("evil", work))
            await asyncio.to_thread(started.wait)
            task.cancel()
            readers.close()

        asyncio.run(main())
        print("stopped")
    """)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.returncode) == ("stopped\n", 0), ended.stderr
