"""What the config says of a sync, in the flat form in which it is stored."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

from icalsyncd.availability.channel import Channel
from icalsyncd.calendars.expressions import UnknownExpression, expression
from icalsyncd.calendars.settings import ReadSettings, Summaries

Json = dict[str, Any]


def flat_channel(channel: Channel) -> Json:
    """*channel*, as JSON."""
    return {
        "portal": channel.portal,
        "receives": channel.receives,
        "sends": channel.sends,
        "lag": channel.lag,
        "padding": channel.padding,
        "reads_every": channel.reads_every,
        "hold": channel.hold,
        "read": channel.read and _settings(channel.read),
        "rules": channel.rules,
        "notice": channel.notice,
        "window": channel.window,
        "horizon": channel.horizon,
        "lag_is_given": channel.lag_is_given,
        # few syncs have them
        **{name: value for name in _SELDOM if (value := getattr(channel, name)) != _DEFAULTS[name]},
    }


_SELDOM: Final = ("buffer", "offer_notice", "offer_window", "linked")
_DEFAULTS: Final = {each.name: each.default for each in fields(Channel)}


def load_channel(record: Json) -> Channel:
    """What :func:`flat_channel` made."""
    return Channel(
        portal=record["portal"],
        receives=record["receives"],
        sends=record["sends"],
        lag=record["lag"],
        padding=record["padding"],
        reads_every=record["reads_every"],
        hold=record.get("hold", 0.0),
        read=_load_settings(record["read"]) if record.get("read") else None,
        rules=record.get("rules", ""),
        notice=record.get("notice"),
        window=record.get("window"),
        horizon=record.get("horizon"),
        lag_is_given=record.get("lag_is_given", False),
        buffer=(buffer[0], buffer[1]) if (buffer := record.get("buffer")) else None,
        offer_notice=record.get("offer_notice", 0),
        offer_window=record.get("offer_window"),
        linked=record.get("linked", False),
    )


def _settings(settings: ReadSettings) -> Json:
    record: Json = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if value != each.default:
            record[each.name] = _summaries(value) if isinstance(value, Summaries) else value
    return record


def _load_settings(record: Json) -> ReadSettings:
    summaries = {name: _load_summaries(*value) for name, value in record.items() if isinstance(value, list)}
    if "reservation" in summaries and len(summaries["reservation"].patterns) < len(record["reservation"][1]):
        # what is a reservation is not known any more: nothing is dropped for being none
        record = {**record, "drop_blocks": False}
    return ReadSettings(**(record | summaries))


def _summaries(summaries: Summaries) -> list[list[str]]:
    return [sorted(summaries.texts), [pattern.pattern for pattern in summaries.patterns]]


def _load_summaries(texts: list[str], patterns: list[str]) -> Summaries:
    known = []
    for pattern in patterns:
        # one that the engine does not know any more matches nothing
        with suppress(UnknownExpression):
            known.append(expression(pattern))
    return Summaries(frozenset(texts), tuple(known))
