"""What was learned of a portal, in the flat form in which it is stored."""

from __future__ import annotations

from typing import Any

from icalsyncd.availability.habits import NO_HABITS, Habits
from icalsyncd.availability.rules import NO_RULES, Edge, Rules
from icalsyncd.calendars.nights import Stay
from icalsyncd.state.flat import flat_nights, flat_stamps, load_nights, load_stamps

Json = dict[str, Any]


def flat_habits(habits: Habits) -> Json | None:
    """What was learned from what a portal was told and what came back; None where that is nothing."""
    if habits == NO_HABITS:
        return None
    record: Json = {
        "gaps": list(habits.gaps),
        "awaited": [[*run, at] for run, at in habits.awaited],
        "shows": list(habits.shows),
        "changes": [list(change) for change in habits.changes],
        "forms": list(habits.forms),
        "undropped": flat_stamps(habits.undropped),
        "told_lately": flat_stamps(habits.told_lately),
        "drops": list(habits.drops),
        "dropped_at": habits.dropped_at,
        "vanished": [[*stay, at] for stay, at in habits.vanished],
        "came_back": [int(back) for back in habits.came_back],
        "lacked": flat_nights(habits.lacked),
    }
    return {key: value for key, value in record.items() if value}


def load_habits(record: Json | None) -> Habits:
    """What :func:`flat_habits` made."""
    if not record:
        return NO_HABITS
    return Habits(
        gaps=tuple(record.get("gaps", ())),
        awaited=tuple((Stay(start, end), at) for start, end, at in record.get("awaited", ())),
        shows=tuple(record.get("shows", ())),
        changes=tuple((first, last) for first, last in record.get("changes", ())),
        forms=tuple(record.get("forms", ())),
        undropped=load_stamps(record.get("undropped", ())),
        told_lately=load_stamps(record.get("told_lately", ())),
        drops=tuple(record.get("drops", ())),
        dropped_at=record.get("dropped_at", 0.0),
        vanished=tuple((Stay(start, end), at) for start, end, at in record.get("vanished", ())),
        came_back=tuple(map(bool, record.get("came_back", ()))),
        lacked=load_nights(record.get("lacked", "")),
    )


def flat_rules(rules: Rules) -> Json | None:
    """What a portal closes by its own settings; None where nothing is known of that."""
    if rules == NO_RULES:
        return None
    return {
        "notices": [_edge(edge) for edge in rules.notices],
        "windows": [_edge(edge) for edge in rules.windows],
        "ends": rules.ends and _edge(rules.ends),
        "labelled": rules.labelled,
        "notice": flat_nights(rules.notice),
        "window": flat_nights(rules.window),
    }


def load_rules(record: Json | None) -> Rules:
    """What :func:`flat_rules` made."""
    if not record:
        return NO_RULES
    return Rules(
        notices=tuple(map(_load_edge, record["notices"])),
        windows=tuple(map(_load_edge, record["windows"])),
        ends=_load_edge(record["ends"]) if record["ends"] else None,
        labelled=record["labelled"],
        notice=load_nights(record["notice"]),
        window=load_nights(record["window"]),
    )


def _edge(edge: Edge) -> list[Any]:
    return [edge.day, edge.place, edge.since, edge.moves, edge.late]


def _load_edge(row: list[Any]) -> Edge:
    day, place, since, moves, late = row
    return Edge(day, place, since, moves, late)
