"""What a running daemon does every few seconds: fetches are entered in the ledgers, ports that could not be bound are tried
again, the service manager is told that the event loop turns and the store answers, and the clock's doubts are logged.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

from icalsyncd import log
from icalsyncd.daemon import service_manager
from icalsyncd.daemon.address import note_address
from icalsyncd.daemon.hub import Hub
from icalsyncd.daemon.timesync import last_set
from icalsyncd.serving.ports import Ports
from icalsyncd.state.state_folder import StateFolder

HOUSEKEEPING: Final = 5.0
"""Seconds between two rounds."""
MAX_UNSURE: Final = 600.0
"""Seconds after a start from which feeds are no longer withheld for what may be lost: closings cannot wait longer."""


async def keep_house(hub: Hub, ports: Ports, folder: StateFolder) -> None:
    """Keep house until cancelled."""
    interval = service_manager.watchdog_interval() or HOUSEKEEPING
    said, doubted, began = "", False, monotonic()
    while True:
        await asyncio.sleep(min(interval, HOUSEKEEPING))
        await hub.be_sure(at_last=monotonic() - began > MAX_UNSURE)
        hub.feeds.flush()
        if ports.moving:
            for listener in await ports.settle(hub.accepted.config):
                hub.in_background(listener.close())
            note_address(folder, ports)
        await hub.journal.ask(lambda: None)
        service_manager.watchdog()
        # counting thousands of syncs takes long
        if (line := await asyncio.to_thread(hub.status_line)) != said:
            said = line
            service_manager.status(line)
        hub.clock.synchronized(await asyncio.to_thread(last_set))
        doubt = hub.clock.doubted
        if doubt and not doubted:
            log.warning(
                "the clock is doubted: feeds stay as they were until a portal's agrees with it, "
                "or you do: icalsyncd accept clock",
                why=doubt,
            )
            # each portal that answers tells the time
            await hub.rounds.hurry_all()
        elif doubted and not doubt:
            log.info("the clock is believed again")
        doubted = bool(doubt)
