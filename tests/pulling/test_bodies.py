"""What may cost much to read is not read on the event loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.pulling import bodies as module
from icalsyncd.pulling.bodies import is_cheap
from tests.end_to_end.portal import calendar, portals
from tests.pulling.house import A, house, sync


@pytest.mark.parametrize(
    "hidden",
    [
        b"RR\r\n ULE:FREQ=DAILY",
        b"R\r\n\tRULE:FREQ=DAILY",
        b"R\n \n RULE:FREQ=DAILY",
        b"R\0RULE:FREQ=DAILY",
        b"rrule:FREQ=DAILY",
        b"RDATE:20300101",
        b"BEGIN:VTIME\r\n ZONE",
        "BEGIN:VT\u0131MEZONE".encode(),
    ],
)
def test_what_is_costly_is_not_read_on_the_loop_however_it_is_written(hidden: bytes) -> None:
    body = calendar((10, 12))
    assert is_cheap(body)
    assert is_cheap(body.replace(b"SUMMARY:", b"SUMMARY:a long\r\n  name "))
    body = body.replace(b"END:VEVENT", hidden + b"\r\nEND:VEVENT")
    assert not is_cheap(body)
    assert not is_cheap(calendar((10, 12)).decode().encode("utf-16"))


async def test_a_folded_rule_leaves_the_loop_free(tmp_path: Path) -> None:
    """The reading of it ends on another thread than the loop's."""
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        seen: list[threading.Thread] = []
        real = module.read

        def read(body: bytes, settings: ReadSettings, today: int, *, max_size: int) -> object:
            seen.append(threading.current_thread())
            return real(body, settings, today, max_size=max_size)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "read", read)
            a.body = calendar((10, 12), extra="RR\r\n ULE:FREQ=DAILY;COUNT=3\r\n")
            await asyncio.wait_for(made.hub.intake.pull(A), 20)
        assert seen
        assert threading.main_thread() not in seen
