"""The host's word, as it is asked for and entered: who has some nights, or that nobody has."""

from __future__ import annotations

from typing import Any

from icalsyncd import log
from icalsyncd.admin.admin import Refusal
from icalsyncd.availability import confirming
from icalsyncd.availability.release import released_nights
from icalsyncd.calendars.nights import Nights, Stay, date_of, horizon, union
from icalsyncd.daemon.audit import dates
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.kinship import with_kin

Json = dict[str, Any]


async def confirm(
    hub: Hub, accommodation: str, nights: Nights, by: str | None, seen: str | None, dry: bool
) -> Json | Refusal:
    """Enter that the sync *by* has *nights*, or nobody; *seen* is what was answered to a look before.

    *dry*: only say which events it is about, and which nights it opens.
    """
    current = hub.journal.current
    if by is not None and "/" in by and (state := current.get(accommodation)) is not None:
        kin, _, name = by.partition("/")
        if kin in state.ledger.kin:
            # whoever has it at a kin has it there, and what that shares with this one
            accommodation, by = kin, name
    state = current.get(accommodation)
    if state is None or (by is not None and by not in state.ledger.syncs):
        return Refusal(f"there is no {accommodation}{'/' + by if by and state else ''}")
    ledger, now = state.ledger, hub.clock.now()
    ledgers = {each: current[each].ledger for each in (accommodation, *ledger.kin) if each in current}
    nights = nights & Nights.between(*horizon(ledger.today)).since(ledger.today)
    shown = confirming.seen_on(ledgers, accommodation, nights)
    if not any(by in (None, event.sync) for event in shown):
        return Refusal(f"{by or 'no portal'} shows none of these nights")
    if by is None and (calling := confirming.called_reservations(ledger, nights)):
        return Refusal(f"{' and '.join(calling)} itself calls it a reservation: cancel it there")
    mark = confirming.mark_of(shown)
    if seen not in (None, mark):
        return Refusal("the portals show something else by now: look again")
    said = confirming.confirm(ledgers, accommodation, nights, by, now=now)
    put = {each: current[each].with_ledger(after, now) for each, after in said.items()}
    after = {each: state for each, state in with_kin(current, put, now).items() if state is not None}
    released = union(released_nights(current[each].ledger, state.ledger) for each, state in after.items())
    answer: Json = {
        "events": [{"sync": event.sync, **dated(event.stay), "kind": event.kind.value} for event in shown],
        "releases": [dated(stay) for stay in released.stays()],
        "seen": mark,
    }
    if not dry:
        log.info("the host confirmed", accommodation=accommodation, by=by or "nobody", nights=dates(nights))
        hub.journal.put_all(put)
        await hub.journal.stored()
    return answer


def dated(stay: Stay) -> Json:
    """*stay* as the interface tells it, half-open."""
    return {"from": date_of(stay.check_in).isoformat(), "to": date_of(stay.check_out).isoformat()}
