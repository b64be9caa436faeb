"""Why a night is taken or free: the JSON that the admin listener gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalsyncd.admin.admin import Refusal
from icalsyncd.admin.status import rfc3339
from icalsyncd.availability.explanation import explain, frees_when
from icalsyncd.availability.wording import words
from icalsyncd.calendars.nights import date_of
from icalsyncd.daemon.confirmations import dated
from icalsyncd.daemon.hub import Hub
from icalsyncd.daemon.plans import notes_of

Json = dict[str, Any]


def explained(hub: Hub, accommodation: str, night: int) -> Json | Refusal:
    """Why *night* is taken or free, as the JSON of `/api/v1/explain`."""
    hub.feeds.flush()
    house = hub.view.houses.get(accommodation)
    if house is None:
        return Refusal(f"there is no accommodation {accommodation}")
    ledger = house.state.ledger
    config = hub.accepted.config
    names = {each.id: each.name for each in config.accommodations}
    known = config.accommodation(accommodation)
    notes = notes_of(known) if known is not None else ()
    note = next((note for stay, note in notes if stay[0] <= night < stay[1]), "")
    found = explain(ledger, night, note, house.shown)
    return {
        "accommodation": accommodation,
        "night": date_of(night).isoformat(),
        "taken": found.taken,
        "overbooked": found.overbooked,
        "perhaps_two": found.perhaps_two,
        "possible_ghost": found.possible_ghost,
        "claims": [
            {
                "sync": statement.sync,
                "since": rfc3339(statement.since),
                "kind": statement.kind.value,
                **dated(statement.stay),
                "verdict": "echo" if statement.is_echo else "origin",
                "rule": statement.rule.value,
            }
            for statement in found.statements
        ],
        "blocks": [dated(block.stay) for block in ledger.blocks if block.stay.check_in <= night < block.stay.check_out],
        "told": [
            {"sync": telling.sync, "since": rfc3339(telling.since), "fetched": rfc3339(telling.fetched)}
            for telling in found.tellings
        ],
        "paused": [
            {
                "sync": pause.sync,
                "since": rfc3339(pause.since),
                "showed_taken": night in pause.sold | pause.twice,
                "told": night not in pause.unknown,
            }
            for pause in found.pauses
        ],
        "kept_closed": list(found.kept_closed),
        "said": found.said and {"by": found.said.by, "at": rfc3339(found.said.at)},
        "beside": list(found.beside),
        "not_offered": list(found.unoffered),
        "rules": [{"sync": each.sync, "rule": each.what, "closes": each.closes} for each in found.ruled],
        "frees_when": frees_when(ledger, found),
        "words": words(
            ledger,
            found,
            accommodation,
            lambda moment: _local(moment, ledger.timezone),
            names,
        ),
    }


def _local(moment: float, zone: str) -> str:
    """*moment* on the accommodation's clock."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")
