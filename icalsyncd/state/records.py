"""The form in which states are stored: JSON of plain numbers and words, of one version.

What is empty, false or not there is left out. How nights are written is said in :mod:`~icalsyncd.state.flat`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from icalsyncd.availability.channel import Channel, Narrowing
from icalsyncd.availability.claims import ALIKE, Claim, reuse_stay
from icalsyncd.availability.ledger import Block, Ledger, Presence, Standing, SyncLedger, Word
from icalsyncd.availability.link import Link
from icalsyncd.availability.missing import Broken, Lack
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.taking import Parting, Shrinking
from icalsyncd.calendars.calendar import Kind, Reason
from icalsyncd.calendars.nights import Stay
from icalsyncd.state.copy import Copies, Copy, ReadAs, Validators
from icalsyncd.state.flat import (
    flat_nights,
    flat_reader,
    flat_verdicts,
    load_nights,
    load_reader,
    load_stamps,
    load_verdicts,
    stamps_text,
)
from icalsyncd.state.flat_channel import flat_channel, load_channel
from icalsyncd.state.flat_habits import flat_habits, flat_rules, load_habits, load_rules
from icalsyncd.state.publication import Publication
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts

VERSION: Final = 1
"""Of the stored form; a store of a newer version is refused."""

Json = dict[str, Any]
_ENCODED: Final = json.JSONEncoder(separators=(",", ":")).encode


def dump_accommodation(ledger: Ledger) -> str:
    """An accommodation without its syncs."""
    return _json(
        {
            "today": ledger.today,
            "timezone": ledger.timezone,
            "buffer": [ledger.before, ledger.after],
            "shrinking": ledger.shrinking and [ledger.shrinking.before, ledger.shrinking.after, ledger.shrinking.since],
            "blocks": [[*block.stay, block.leaving_since] for block in ledger.blocks],
            "awake_since": ledger.awake_since,
            "complete": ledger.complete,
            "parts": list(ledger.parts),
            "parting": ledger.parting and [list(ledger.parting.parts), ledger.parting.since],
            # between syncs that are alike, their order decides
            "syncs": list(ledger.syncs),
            "words": [[flat_nights(word.nights), word.by, word.at] for word in ledger.words],
        }
    )


def load_accommodation(text: str, syncs: Mapping[str, SyncLedger]) -> Ledger:
    """The ledger of which *text* is the accommodation and *syncs* the syncs."""
    record = json.loads(text)
    before, after = record["buffer"]
    return Ledger(
        today=record["today"],
        timezone=record["timezone"],
        before=before,
        after=after,
        shrinking=Shrinking(*record["shrinking"]) if record.get("shrinking") else None,
        blocks=tuple(Block(Stay(start, end), since) for start, end, since in record.get("blocks", ())),
        syncs={name: syncs[name] for name in record.get("syncs", ())},
        awake_since=record["awake_since"],
        complete=record.get("complete", False),
        parts=tuple(record.get("parts", ())),
        parting=Parting(tuple(parting[0]), parting[1]) if (parting := record.get("parting")) else None,
        words=tuple(Word(load_nights(text), by, at) for text, by, at in record.get("words", ())),
    )


class SyncRecord(NamedTuple):
    """One sync in three parts, so that a pull that changed nothing writes the last one alone."""

    ledger: str
    """All of its ledger but the claims."""
    claims: str
    facts: str
    """What the daemon remembers beside the ledger."""


def dump_sync(sync: SyncLedger, facts: Facts) -> SyncRecord:
    """One sync, with what the daemon remembers beside its ledger."""
    return SyncRecord(dump_sync_ledger(sync), dump_claims(sync.claims), dump_facts(facts))


def dump_claims(claims: Iterable[Claim]) -> str:
    """The second part of a sync's record."""
    return f"[{','.join(map(_claim_text, claims))}]"


def dump_facts(facts: Facts) -> str:
    """The third part of a sync's record."""
    return _json(_facts(facts))


def dump_sync_ledger(sync: SyncLedger) -> str:
    """The first part of a sync's record."""
    stamps = (("withdrawn", sync.withdrawn), ("offered", sync.offered), ("given_up", sync.given_up))
    texts = [f'"channel":{_channel_text(sync.channel)}']
    texts += [f'"{name}":{stamps_text(each)}' for name, each in stamps if each.entries]
    if sync.told is not None:
        texts.append(f'"told":{{"since":{stamps_text(sync.told)}}}')
    if sync.own_before:
        texts.append(f'"own_before":{dump_claims(sync.own_before)}')
    rest = _json(
        {
            "link": _link(sync.link),
            "calendar": sync.calendar,
            "presence": sync.presence.value,
            "since": sync.since,
            "former": sync.former and [sync.former.presence.value, sync.former.since],
            "narrowing": sync.narrowing and {**flat_channel(sync.narrowing.channel), "since": sync.narrowing.since},
            "muted_until": sync.muted_until,
            "pulled_at": sync.pulled_at,
            "counted_empty": sync.counted_empty,
            "held": [[flat_nights(lack.nights), lack.since, lack.times] for lack in sync.held],
            "broken": sync.broken and _broken(sync.broken),
            "retained": flat_nights(sync.retained),
            "returned": flat_nights(sync.returned),
            "departed": flat_nights(sync.departed),
            "fetches": list(sync.fetches),
            "readers": [flat_reader(reader) for reader in sync.readers],
            "unsure_since": sync.unsure_since,
            "in_force": [flat_nights(feed) for feed in sync.in_force],
            "unfetched": sync.unfetched,
            "published": [[since, flat_nights(feed)] for since, feed in sync.published],
            "untold": [int(copied) for copied in sync.untold],
            "shown_on": flat_nights(sync.shown_on),
            "doubts_told": flat_nights(sync.doubts_told),
            "silent": sync.silent,
            "rules": flat_rules(sync.rules),
            "habits": flat_habits(sync.habits),
            "shown_before": flat_nights(sync.shown_before),
        }
    )
    return f"{{{','.join(texts)},{rest[1:]}"


@lru_cache(2**10)
def _channel_text(channel: Channel) -> str:
    """Few portals are set up each in a way of its own."""
    return _ENCODED(flat_channel(channel))


def load_sync(parts: SyncRecord) -> tuple[SyncLedger, Facts]:
    """The sync that :func:`dump_sync` wrote."""
    record = json.loads(parts.ledger, parse_float=_moment)
    first_name, generation, old, *ends = record["link"]
    narrowing = record.get("narrowing")
    former = record.get("former")
    broken = record.get("broken")
    told = record.get("told")
    sync = SyncLedger(
        channel=load_channel(record["channel"]),
        link=Link(first_name, generation, tuple((number, until) for number, until in old), *ends),
        calendar=record.get("calendar", ""),
        presence=Presence(record["presence"]),
        since=record["since"],
        former=Standing(Presence(former[0]), former[1]) if former else None,
        narrowing=Narrowing(load_channel(narrowing), narrowing["since"]) if narrowing else None,
        muted_until=record.get("muted_until"),
        claims=tuple(map(_load_claim, json.loads(parts.claims, parse_float=_moment))),
        pulled_at=record.get("pulled_at"),
        counted_empty=record.get("counted_empty", False),
        held=tuple(Lack(load_nights(text), since, times) for text, since, times in record.get("held", ())),
        broken=_load_broken(broken) if broken else None,
        retained=load_nights(record.get("retained", "")),
        returned=load_nights(record.get("returned", "")),
        departed=load_nights(record.get("departed", "")),
        told=load_stamps(told["since"]) if told else None,
        fetches=tuple(record.get("fetches", ())),
        readers=tuple(map(load_reader, record.get("readers", ()))),
        unsure_since=record.get("unsure_since"),
        in_force=tuple(load_nights(feed) for feed in record.get("in_force", ())),
        unfetched=record.get("unfetched", False),
        withdrawn=load_stamps(record.get("withdrawn", ())),
        offered=load_stamps(record.get("offered", ())),
        published=tuple((since, load_nights(feed)) for since, feed in record.get("published", ())),
        untold=tuple(map(bool, record.get("untold", ()))),
        shown_on=load_nights(record.get("shown_on", ())),
        doubts_told=load_nights(record.get("doubts_told", ())),
        given_up=load_stamps(record.get("given_up", ())),
        silent=record.get("silent", False),
        rules=load_rules(record.get("rules")),
        habits=load_habits(record.get("habits")),
        shown_before=load_nights(record.get("shown_before", "")),
        own_before=tuple(map(_load_claim, record.get("own_before", ()))),
    )
    return sync, _load_facts(json.loads(parts.facts))


def _link(link: Link) -> list[Any]:
    ends = [link.ended, link.refused] if link.ended or link.refused else []
    return [link.first_name, link.generation, [list(old) for old in link.old], *ends]


def dump_publication(publication: Publication) -> str:
    """What was written under one link at one target."""
    nights = publication.nights
    return json.dumps(
        {
            "place": publication.place,
            "nights": None if nights is None else flat_nights(nights),
            "until": publication.until,
        },
        separators=(",", ":"),
    )


def load_publication(text: str) -> Publication:
    """The publication that :func:`dump_publication` wrote."""
    record = json.loads(text)
    flat = record["nights"]
    return Publication(record["place"], None if flat is None else load_nights(flat), record["until"])


def dump_removal_delay(delay: RemovalDelay) -> str:
    """The removal delay in force."""
    return json.dumps([delay.seconds, delay.shorter, delay.since])


def load_removal_delay(text: str) -> RemovalDelay:
    """The removal delay that :func:`dump_removal_delay` wrote."""
    seconds, shorter, since = json.loads(text)
    return RemovalDelay(float(seconds), None if shorter is None else float(shorter), float(since))


_moment = lru_cache(ALIKE)(float)
"""All claims of one pull began at one moment."""


def _json(record: Json) -> str:
    return _ENCODED(_whole(record))


def _whole(record: Json) -> Json:
    """*record* without what is empty, false or None; a zero is kept."""
    return {key: value for key, value in record.items() if value or (value == 0 and value is not False)}


def _broken(broken: Broken) -> list[Any]:
    return [sorted(broken.fingerprints), broken.since, broken.times, flat_nights(broken.lost)]


def _load_broken(row: list[Any]) -> Broken:
    fingerprints, since, times, lost = row
    return Broken(frozenset(fingerprints), since, times, load_nights(lost))


def _claim_text(claim: Claim) -> str:
    """The JSON of one claim at once: all of a sync's are written wherever one of them changes."""
    start, end = claim.stay
    unsure = (flat_nights(claim.contested), flat_nights(claim.grown), flat_nights(claim.doubtful))
    return (
        f'[{start},{end},"{claim.kind!s}",{claim.began!r},"{flat_verdicts(claim.verdicts)}",{claim.initial:d},'
        f'"{unsure[0]}","{unsure[1]}","{unsure[2]}"]'
    )


def _load_claim(row: list[Any]) -> Claim:
    # earlier stores hold one column more
    start, end, kind, began, verdicts, initial, contested, grown, doubtful = row[:9]
    return Claim(
        stay=reuse_stay(start, end),
        kind=Kind(kind),
        began=began,
        verdicts=load_verdicts(verdicts),
        initial=bool(initial),
        contested=load_nights(contested),
        grown=load_nights(grown),
        doubtful=load_nights(doubtful),
    )


def _facts(facts: Facts) -> Json:
    last = facts.copies.last or Copy()
    return {
        "last": facts.attempts.last,
        "failures": facts.attempts.failures,
        "not_before": facts.attempts.not_before,
        "last_success": facts.last_success,
        "last_change": facts.last_change,
        "last_whole": facts.last_whole,
        "outcome": facts.outcome,
        "reason": facts.reason and facts.reason.value,
        "detail": facts.detail,
        "failing_since": facts.failing_since,
        "validators": last.validators and [last.validators.etag, last.validators.last_modified],
        "validated": last.calendar,
        "has_snapshot": facts.copies.snapshot is not None,
        "has_waiting": facts.copies.waiting is not None,
        "read_under": last.read_as.settings,
        "read_on": last.read_as.day,
        "problems": list(facts.problems),
        "feed_changed": facts.feed_changed,
        "reader": facts.reader,
        "manner": facts.manner,
    }


def _load_facts(record: Json) -> Facts:
    return Facts(
        attempts=Attempts(record.get("last"), record.get("failures", 0), record.get("not_before")),
        last_success=record.get("last_success"),
        last_change=record.get("last_change"),
        last_whole=record.get("last_whole"),
        outcome=record.get("outcome", "never"),
        reason=Reason(record["reason"]) if "reason" in record else None,
        detail=record.get("detail", ""),
        failing_since=record.get("failing_since"),
        copies=_load_copies(record),
        problems=tuple(record.get("problems", ())),
        feed_changed=record.get("feed_changed"),
        reader=record.get("reader", ""),
        manner=record.get("manner", ""),
    )


def _load_copies(record: Json) -> Copies:
    """The copies: the parts that stand in the record's first level are those of the last one."""
    validators = record.get("validators")
    last = Copy(
        ReadAs(record.get("read_under", ""), record.get("read_on", 0)),
        record.get("validated", ""),
        Validators(*validators) if validators else None,
    )
    has_snapshot = record.get("has_snapshot", False)
    if record.get("has_waiting", False):
        return Copies(Copy() if has_snapshot else None, last)
    return Copies(last) if has_snapshot else Copies()
