"""What the daemon says of itself: status, metrics and page of each sync agree with what is so, and with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.calendars import nights
from tests.simulation.household import SyncPlan
from tests.simulation.oracle import UNSETTLED, Place
from tests.simulation.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.play import Play

_METRICS: Final = {
    "icalsyncd_sync_claimed_nights": "claimed_nights",
    "icalsyncd_feed_blocked_nights": "offered_nights",
}
"""Metrics of a sync, and what the status calls the same."""
_LINE: Final = re.compile(r"^(\w+)\{([^}]*)\} (\S+)$", re.M)


def listen(play: Play) -> dict[Place, Any]:
    """Ask for the status, and judge what it says; returns it by sync."""
    if not play.oracle.is_up():
        return {}
    asked_at = play.world.now
    status, said = play.asked("GET", "/api/v1/status")
    if status != 200 or not isinstance(said, dict) or not play.oracle.is_up():
        return {}
    _judge_target(play, said["targets"], asked_at)
    told = {tuple(sync["id"].split("/")): sync for house in said["accommodations"] for sync in house["syncs"]}
    for place, plan in play.household.syncs().items():
        if (sync := told.get(place)) is not None:
            _judge(play, place, plan, sync, asked_at)
    return told


def _judge(play: Play, place: Place, plan: SyncPlan, said: Any, asked_at: float) -> None:
    oracle = play.oracle
    name, state = plan.first_name, said["state"]
    changed = max(oracle.changed.get(name, 0.0), oracle.saves[-1], oracle.broken_at)
    known = oracle.knows(plan)
    if plan.receives and state == "ok" and not known.answered and name in oracle.resumed:
        oracle.find("well without an answer", f"{'/'.join(place)} was not heard since it takes part again, and is ok")
    if changed > asked_at - max(UNSETTLED, MINUTE):
        return
    if (state == "paused") != plan.paused:
        oracle.find("another status", f"{'/'.join(place)} is {state}, and the host wants it paused: {plan.paused}")
    tried, good = oracle.manners.last_tried(plan.portal), known.heard_at if known.heard is not None else None
    if not plan.receives:
        return
    if good is not None and tried is not None and tried <= good < asked_at - 5.0 and state in ("failing", "never"):
        oracle.find("another status", f"{'/'.join(place)} is {state}, and its last answer was whole")
    failed = tried is not None and tried > max(changed, known.delivered_at or 0.0) and tried < asked_at - 2 * MINUTE
    if failed and state != "failing":
        oracle.find("another status", f"{'/'.join(place)} is {state}, and its last answer was none")
    set_lately = oracle.clock_touched > asked_at - 3 * DAY
    if good is not None and good < asked_at - 5.0 and state == "ok" and known.heard is not None and not set_lately:
        today = oracle.today()
        count = len([night for night in nights(stay for stay, _ in known.heard.events) if night >= today])
        at_midnight = asked_at % DAY < 2 * MINUTE or play.world.now % DAY > DAY - 2 * MINUTE
        if said["claimed_nights"] != count and not at_midnight:
            oracle.find(
                "another count", f"{'/'.join(place)} claims {count}, and the status says {said['claimed_nights']}"
            )


def _judge_target(play: Play, targets: list[Any], asked_at: float) -> None:
    """Whether the host is told that another machine writes where the feeds are published."""
    noticed = play.cloud.noticed.get(play.machine.runs) if play.cloud is not None else None
    if noticed is None or play.oracle.clock_touched > noticed or asked_at > noticed + DAY - HOUR:
        return
    if any(each["name"] == "cloud" and not each["overwritten"] for each in targets):
        play.oracle.find("overwritten in silence", "the status says nothing of another machine")


def compare(play: Play) -> None:
    """Whether metrics and page say what the status does, once all is quiet."""
    before = listen(play)
    _, metrics = play.asked("GET", "/metrics")
    code, page = play.asked("GET", "/")
    if before != listen(play) or not before:
        return
    found: dict[tuple[str, ...], float] = {}
    for name, labels, value in _LINE.findall(metrics.decode() if isinstance(metrics, bytes) else ""):
        known = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        place = name, known.get("accommodation", ""), known.get("sync", "")
        # some come in kinds, which add up
        found[place] = found.get(place, 0.0) + float(value)
    for place, said in before.items():
        wanted = {metric: said[key] for metric, key in _METRICS.items()}
        wanted["icalsyncd_sync_paused"] = int(said["state"] == "paused")
        wanted["icalsyncd_sync_leaving"] = int(said["state"] == "leaving")
        for metric, value in wanted.items():
            shown = found.get((metric, *place))
            if shown is not None and shown != value:
                play.oracle.find(
                    "another metric", f"{metric} of {'/'.join(place)} is {shown}, and the status says {value}"
                )
    if code != 200 or not isinstance(page, bytes):
        play.oracle.find("no page", f"{code}")
