"""What was learned of a portal, in the flat form in which it is stored."""

from __future__ import annotations

from typing import Any

from icalsyncd.availability.rules import NO_RULES, Edge, Rules
from icalsyncd.state.flat import flat_nights, load_nights

Json = dict[str, Any]


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
