"""From the keys of ``config.yaml`` to what they come to: profiles, secrets and defaults applied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from icalsyncd.availability.plan import OwnRules
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.config import schema
from icalsyncd.config.people import resolve_calendars
from icalsyncd.config.places import Place, Target
from icalsyncd.config.portals import profile
from icalsyncd.config.resolved import (
    SETTINGS,
    Accommodation,
    Block,
    Config,
    Direction,
    Offer,
    Pull,
    Server,
    Sync,
    TlsFiles,
)
from icalsyncd.config.secret import Secret
from icalsyncd.config.store import Store
from icalsyncd.config.summaries import any_unusable, compiled

_DAY: Final = 86_400


def resolve(
    file: schema.File, folder: Path, urls: Mapping[str, Secret], places: tuple[Place, ...], dsn: Secret | None
) -> Config:
    """The config that *file* means.

    Paths in it are relative to *folder*; *urls* are those of the syncs that receive, by name, and *places* those of its
    targets, in order; *dsn* is how its database is reached.
    """
    ids = tuple(file.accommodations)
    listen, tls = file.server.listen, file.server.admin_tls
    return Config(
        server=Server(
            listen=listen,
            admin=file.server.admin,
            public_url=public_url(file),
            admin_hosts=tuple(file.server.admin_hosts),
            metrics_hosts=tuple(file.server.metrics_hosts),
            users=tuple(file.server.users.items()),
            admin_tls=TlsFiles(folder / tls.cert_file, folder / tls.key_file) if tls is not None else None,
            edit=file.server.edit,
            proxies=file.server.proxies,
            secret_file=folder / file.server.secret_file if file.server.secret_file is not None else None,
            removal_delay=file.server.removal_delay,
            history=file.server.history,
            health=file.server.health,
            language=file.server.language,
            said=frozenset(file.server.model_fields_set),
        ),
        pull=Pull(
            interval=file.pull.interval,
            timeout=file.pull.timeout,
            max_size=file.pull.max_size,
            hold=file.pull.hold,
            private_addresses=file.pull.allow_private_addresses,
        ),
        store=Store(isinstance(file.store, schema.ServerStore), dsn, "store" in file.model_fields_set),
        official_only=tuple(file.official_only),
        publish=tuple(
            Target(target.name, target.public_url, tuple(target.accommodations or ids), place)
            for target, place in zip(file.publish, places, strict=True)
        ),
        accommodations=tuple(_accommodation(id, file, urls) for id in ids),
        calendars=resolve_calendars(file),
    )


def public_url(file: schema.File) -> str:
    """The start of the daemon's links; where the daemon does not listen and has no URL, empty."""
    if file.server.public_url is not None:
        return file.server.public_url
    return f"http://{file.server.listen}" if file.server.listen is not None else ""


def merged(blocks: list[schema.Block]) -> tuple[Block, ...]:
    """*blocks* in order, those that share a night made one."""
    done: list[Block] = []
    for block in sorted(blocks, key=lambda block: (block.from_, block.to)):
        if done and block.from_ < done[-1].to:
            before = done.pop()
            notes = dict.fromkeys(note for note in (before.note, block.note) if note)
            done.append(Block(before.from_, max(before.to, block.to), "; ".join(notes)))
        else:
            done.append(Block(block.from_, block.to, block.note))
    return tuple(done)


def block_summaries(sync: schema.Sync) -> tuple[str, ...]:
    """What is known to mean a closure in the sync's calendar."""
    return tuple(sync.block) if sync.block is not None else profile(sync.portal).block


def reservation_summaries(sync: schema.Sync) -> tuple[str, ...]:
    """What is known to mean a reservation in the sync's calendar."""
    return tuple(sync.reservation) if sync.reservation is not None else profile(sync.portal).reservation


def _accommodation(id: str, file: schema.File, urls: Mapping[str, Secret]) -> Accommodation:
    written = file.accommodations[id]
    return Accommodation(
        id=id,
        name=written.name if written.name is not None else id,
        timezone=written.timezone,
        before=written.buffer.before,
        after=written.buffer.after,
        blocks=merged(written.blocks),
        website=written.website,
        syncs=tuple(
            _sync(id, name, sync, written, file.pull.interval, urls.get(f"{id}/{name}"))
            for name, sync in written.syncs.items()
        ),
        parts=tuple(written.parts),
    )


def offer_of(*written: schema.Offer | None) -> Offer:
    """What *written* come to, the first that has a key counting: a notice rounded up to whole nights, a window down."""
    said = [each for each in written if each is not None]
    notice = next((each.notice for each in said if each.notice is not None), 0)
    window = next((each.window for each in said if each.window is not None), None)
    return Offer(-(-notice // _DAY), None if window is None else window // _DAY)


def _sync(
    accommodation: str, id: str, written: schema.Sync, of: schema.Accommodation, interval: int, url: Secret | None
) -> Sync:
    known = profile(written.portal)
    read = ReadSettings(
        timezone=of.timezone,
        ignore=compiled(tuple(written.ignore)),
        reservation=compiled(reservation_summaries(written)),
        block=compiled(block_summaries(written)),
        # what may be a reservation that is not known as one must not be dropped as a block
        drop_blocks=written.claims == "not_blocks" and not any_unusable(reservation_summaries(written)),
        dtend_inclusive=(written.dtend or known.dtend) == "inclusive",
        transparent_blocks=(written.all_day_transparent or known.all_day_transparent) == "block",
        empty_is_valid=(written.empty_body or known.empty_body) == "empty",
    )
    return Sync(
        accommodation=accommodation,
        id=id,
        portal=written.portal,
        direction=Direction(written.direction),
        url=url,
        paused=bool(written.paused),
        keeps=written.paused == "keep",
        was=written.was,
        link_generation=written.link_generation,
        interval=written.interval if written.interval is not None else interval,
        user_agent=written.user_agent,
        read=read,
        echo_lag=written.echo_lag if written.echo_lag is not None else known.echo_lag,
        echo_padding=written.echo_padding if written.echo_padding is not None else known.echo_padding,
        reads_every=known.reads_every,
        buffer=None if written.buffer is None else (written.buffer.before, written.buffer.after),
        offer=offer_of(written.offer, of.offer),
        linked=written.linked,
        own_rules=OwnRules(written.rules or "", written.portal_notice, written.portal_window, known.horizon),
        said=frozenset(SETTINGS[key] for key in written.model_fields_set & SETTINGS.keys()),
    )
