"""The host's word, as it is asked for and entered: who has some nights, or that nobody has."""

from __future__ import annotations

from typing import Any

from icalsyncd import log
from icalsyncd.admin.admin import Refusal
from icalsyncd.availability import confirming
from icalsyncd.availability.release import released_nights
from icalsyncd.calendars.nights import Nights, Stay, date_of, horizon
from icalsyncd.daemon.audit import dates
from icalsyncd.daemon.hub import Hub

Json = dict[str, Any]


async def confirm(
    hub: Hub, accommodation: str, nights: Nights, by: str | None, seen: str | None, dry: bool
) -> Json | Refusal:
    """Enter that the sync *by* has *nights*, or nobody; *seen* is what was answered to a look before.

    *dry*: only say which events it is about, and which nights it opens.
    """
    state = hub.journal.current.get(accommodation)
    if state is None or (by is not None and by not in state.ledger.syncs):
        return Refusal(f"there is no {accommodation}{'/' + by if by and state else ''}")
    ledger, now = state.ledger, hub.clock.now()
    nights = nights & Nights.between(*horizon(ledger.today)).since(ledger.today)
    shown = confirming.seen_on(ledger, nights)
    if not any(by in (None, event.sync) for event in shown):
        return Refusal(f"{by or 'no portal'} shows none of these nights")
    if by is None and (calling := confirming.called_reservations(ledger, nights)):
        return Refusal(f"{' and '.join(calling)} itself calls it a reservation: cancel it there")
    mark = confirming.mark_of(shown)
    if seen not in (None, mark):
        return Refusal("the portals show something else by now: look again")
    after = confirming.confirm(ledger, nights, by, now=now)
    answer: Json = {
        "events": [{"sync": event.sync, **dated(event.stay), "kind": event.kind.value} for event in shown],
        "releases": [dated(stay) for stay in released_nights(ledger, after).stays()],
        "seen": mark,
    }
    if not dry:
        log.info("the host confirmed", accommodation=accommodation, by=by or "nobody", nights=dates(nights))
        hub.journal.put(accommodation, state.with_ledger(after, now))
        await hub.journal.stored()
    return answer


def dated(stay: Stay) -> Json:
    """*stay* as the interface tells it, half-open."""
    return {"from": date_of(stay.check_in).isoformat(), "to": date_of(stay.check_out).isoformat()}
