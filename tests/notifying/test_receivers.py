"""Messages reach real receivers by a process that ends, whatever they do; and no URL is seen on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from icalsyncd.config.secret import Secret
from icalsyncd.notifying.message import Message
from icalsyncd.notifying.post import NotTaken, Why, give
from tests.notifying.receivers import mailbox, receiving

pytestmark = pytest.mark.slow

MESSAGE = Message(
    "icalsyncd: urgent", "Casa Azul: the night of Fri 10 Jul 2026 is overbooked by ñandú and «vrbo».", urgent=True
)


async def test_a_message_reaches_ntfy_a_webhook_and_a_mailbox_alike() -> None:
    with mailbox() as box:
        async with receiving("ntfy", "json") as (ntfy, webhook):
            urls = (ntfy.url, webhook.url, box.url)
            assert await asyncio.gather(*(give(Secret(each), MESSAGE) for each in urls)) == [None, None, None]
            for told in (ntfy.told, webhook.told, box.told):
                ((title, body),) = [(each.title, each.body.strip()) for each in told]
                assert (title, body) == (MESSAGE.title, MESSAGE.body)


@pytest.mark.parametrize("status", [500, 429, 403])
async def test_a_receiver_that_refuses_has_not_taken_it(status: int) -> None:
    async with receiving("ntfy") as (ntfy,):
        ntfy.status = status
        assert await give(Secret(ntfy.url), MESSAGE) == NotTaken(Why.REFUSED)
        await ntfy.close()
        assert await give(Secret(ntfy.url), MESSAGE) == NotTaken(Why.REFUSED)


async def test_a_mail_server_that_does_not_say_that_it_took_a_message_has_not() -> None:
    with mailbox() as box:
        for answer in ("451 later", "421 too many", "554 no", "lost"):
            box.answers = answer
            assert await give(Secret(box.url), MESSAGE) == NotTaken(Why.REFUSED), answer
        # it was taken, and nobody can know: told again, rather than not at all
        assert len(box.told) == 1
        box.answers = "hang"
        assert await give(Secret(box.url), MESSAGE, patience=5.0) == NotTaken(Why.TIMEOUT)
        assert box.asked == 5
        box.answers = "250 OK"
        wrong = box.url.replace("s3cret", "other")
        assert await give(Secret(wrong), MESSAGE) == NotTaken(Why.REFUSED)
        assert await give(Secret(box.url), MESSAGE) is None
        assert len(box.told) == 2
        assert _children() == []


async def test_a_receiver_that_hangs_costs_a_process_that_is_ended() -> None:
    async with receiving("json") as (webhook,):
        webhook.hangs = True
        giving = asyncio.create_task(give(Secret(f"{webhook.url}?rto=100"), MESSAGE, patience=10.0))
        await webhook.until_asked(1)
        (child,) = _children()
        # the URL is neither on its command line nor in its environment
        for told in ("cmdline", "environ"):
            assert b"s3cret" not in Path(f"/proc/{child}/{told}").read_bytes()
        assert await giving == NotTaken(Why.TIMEOUT)
        assert _children() == []
        stopped = asyncio.create_task(give(Secret(webhook.url), MESSAGE))
        await webhook.until_asked(2)
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
        assert _children() == []


async def test_what_is_no_url_of_apprise_is_called_so() -> None:
    assert await give(Secret("nobody://knows/this"), MESSAGE) == NotTaken(Why.NOT_UNDERSTOOD)
    assert await give(None, MESSAGE) == NotTaken(Why.NO_URL)


def _children() -> list[int]:
    path = Path("/proc/self/task")
    return [
        int(child)
        for task in path.iterdir()
        for child in (task / "children").read_text().split()
        if b"messenger" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
