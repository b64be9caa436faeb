"""What the keys of a config mean together: refusals of keys that are each well-formed, and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Final

from icalsyncd.calendars.feed import SUMMARY
from icalsyncd.config import schema
from icalsyncd.config.families import family_refusals, family_warnings
from icalsyncd.config.forms import Address
from icalsyncd.config.mistakes import Remark, meant
from icalsyncd.config.nodes import Path
from icalsyncd.config.people import calendar_refusals
from icalsyncd.config.portals import names, profile, recognise
from icalsyncd.config.resolving import block_summaries, public_url, reservation_summaries
from icalsyncd.config.summaries import compiled, unusable
from icalsyncd.config.telling import telling_refusals
from icalsyncd.config.url import Destination, Hop, Misfit, destination_of

# any name may be a portal's, so only what can hardly be another one is taken for a slip
_NEARLY: Final = 0.8
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to


def refusals(file: schema.File, calendars: Mapping[str, Destination]) -> Iterator[Remark]:
    """What is refused in *file*; *calendars* are where the URLs of its syncs lead, by the sync's name."""
    yield from _server(file)
    yield from _publish(file)
    if isinstance(file.store, schema.ServerStore) and find_spec("psycopg") is None:
        yield Remark(("store", "type"), "PostgreSQL needs an extra: pip install 'icalsyncd[postgresql]'")
    yield from _official_only(file)
    yield from family_refusals(file)
    yield from calendar_refusals(file)
    yield from telling_refusals(file)
    ours = _ours(file)
    known: dict[str, str] = {}
    former: dict[str, str] = {}
    for id, accommodation in file.accommodations.items():
        at: Path = ("accommodations", id)
        for index, block in enumerate(accommodation.blocks):
            if block.to <= block.from_:
                yield Remark(
                    (*at, "blocks", index, "to"),
                    "must be after `from`: the morning that the nights are free again, so at least the next day",
                )
        yield from _one_way_twice(accommodation, at)
        for key, sync in accommodation.syncs.items():
            name, path = f"{id}/{key}", (*at, "syncs", key)
            yield from _url_keys(sync, path)
            yield from _official(file, sync, calendars.get(name), path)
            yield from _summaries(sync, path)
            if name in calendars:
                yield from _calendar(name, calendars[name], ours, known, _url_path(sync, path))
            if sync.was is not None:
                yield from _was(file, name, sync.was, former, (*path, "was"))


def warnings(file: schema.File, calendars: Mapping[str, Destination]) -> Iterator[Remark]:
    """What in *file* can run, and may not be what the host wants."""
    if file.server.public_url is not None and file.server.public_url.startswith("http:"):
        yield Remark(("server", "public_url"), "not encrypted: whoever is on the way can read the links; use https")
    yield from _open_admin(file.server)
    for index, target in enumerate(file.publish):
        at_target: Path = ("publish", index)
        if target.public_url is not None and target.public_url.startswith("http:"):
            yield Remark(
                (*at_target, "public_url"), "not encrypted: whoever is on the way can read the links; use https"
            )
        if isinstance(target, schema.WebDav) and target.url.startswith("http:") and _has_password(target):
            yield Remark((*at_target, "url"), "not encrypted: whoever is on the way can read the password; use https")
    yield from _unreachable(file)
    yield from family_warnings(file)
    for id, accommodation in file.accommodations.items():
        at: Path = ("accommodations", id)
        yield from _overlaps(accommodation, at)
        for key, sync in accommodation.syncs.items():
            yield from _unusable(sync, (*at, "syncs", key))
            path: Path = (*at, "syncs", key)
            near = meant(sync.portal, names(), _NEARLY) if sync.portal not in names() else ""
            if near:
                yield Remark((*path, "portal"), f"there is no profile of that name, so the generic one holds{near}")
            place = calendars.get(f"{id}/{key}")
            if isinstance(place, Hop) and not place.encrypted:
                yield Remark(
                    _url_path(sync, path), "not encrypted: whoever is on the way can read it, and change it; use https"
                )


def _open_admin(server: schema.Server) -> Iterator[Remark]:
    """What others on the network could do with an admin listener that they can reach."""
    if server.admin.host in _LOOPBACK or server.admin.host.startswith("127."):
        return
    if not server.users:
        yield Remark(("server", "admin"), "whoever reaches this address sees every link: add `users`, or use 127.0.0.1")
    elif server.admin_tls is None:
        yield Remark(
            ("server", "admin"),
            "not encrypted: whoever is on the way can read passwords; add `admin_tls`, or put a proxy before 127.0.0.1",
        )


def _has_password(target: schema.WebDav) -> bool:
    return bool(target.password_file or target.password_env)


def _overlaps(accommodation: schema.Accommodation, at: Path) -> Iterator[Remark]:
    free = None
    for start, end, index in sorted((b.from_, b.to, index) for index, b in enumerate(accommodation.blocks)):
        if free is not None and start < free:
            yield Remark((*at, "blocks", index), "overlaps another block: the two are taken as one")
        free = max(free or end, end)


def _server(file: schema.File) -> Iterator[Remark]:
    listen, admin = file.server.listen, file.server.admin
    if listen is None and not file.publish:
        yield Remark(("server", "listen"), "`off` needs a target in `publish`: without it no portal could read a feed")
    if listen == admin and admin.port:
        yield Remark(("server", "admin"), "must be another address than `listen`: what is private needs its own")


def _publish(file: schema.File) -> Iterator[Remark]:
    seen: set[str] = set()
    for index, target in enumerate(file.publish):
        path: Path = ("publish", index)
        if target.name in seen:
            yield Remark((*path, "name"), "another target has this name: each needs its own")
        seen.add(target.name)
        for place, id in enumerate(target.accommodations or ()):
            if id not in file.accommodations:
                near = meant(id, file.accommodations)
                yield Remark((*path, "accommodations", place), f"there is no accommodation of that id{near}")


def _official_only(file: schema.File) -> Iterator[Remark]:
    for index, portal in enumerate(file.official_only):
        near = meant(portal, names(), _NEARLY) if portal not in names() else ""
        if near:
            yield Remark(("official_only", index), f"there is no portal of that name{near}")


def _one_way_twice(accommodation: schema.Accommodation, at: Path) -> Iterator[Remark]:
    one_way: dict[tuple[str, str], str] = {}
    for key, sync in accommodation.syncs.items():
        other = {"import": "export", "export": "import"}.get(sync.direction)
        if other is None:
            continue
        if (sync.portal, other) in one_way:
            yield Remark(
                (*at, "syncs", key, "direction"),
                f"`{one_way[sync.portal, other]}` is the {other} of the same portal: "
                "make the two one sync with `direction: bidirectional`, or give two portals two names",
            )
        one_way.setdefault((sync.portal, sync.direction), key)


def _url_path(sync: schema.Sync, path: Path) -> Path:
    written = next((key for key in ("url", "url_file", "url_env") if getattr(sync, key) is not None), None)
    return (*path, written) if written is not None else path


def _url_keys(sync: schema.Sync, path: Path) -> Iterator[Remark]:
    at = _url_path(sync, path)
    if sync.direction == "export" and at != path:
        yield Remark(at, "an `export` pulls nothing and needs no URL: leave it out, or make it `bidirectional`")
    if sync.direction != "export" and at == path:
        yield Remark(
            (*path, "url"),
            f"this key is missing: `{sync.direction}` needs the portal's calendar, as `url`, `url_file` or `url_env`",
        )


def _official(file: schema.File, sync: schema.Sync, place: Destination | None, path: Path) -> Iterator[Remark]:
    def refusal(portal: str) -> str:
        rest = ", ".join(other for other in file.official_only if other != portal)
        return (
            f"{profile(portal).name if portal in names() else portal} is to be connected by its official connection: "
            "iCal beside that makes ghost blocks, nights that stay closed though nobody took them. "
            f"A host without an official connection allows iCal with `official_only: [{rest}]`"
        )

    if sync.portal in file.official_only:
        yield Remark((*path, "portal"), refusal(sync.portal))
        return
    near = meant(sync.portal, file.official_only, _NEARLY) if sync.portal not in names() else ""
    if near:
        yield Remark((*path, "portal"), f"this is nearly the name of a portal that iCal is refused for{near}")
        return
    portal = recognise(place.host) if isinstance(place, Hop) else None
    if portal in file.official_only and portal is not None:
        yield Remark(_url_path(sync, path), f"this is a calendar of {profile(portal).name}. {refusal(portal)}")


def _summaries(sync: schema.Sync, path: Path) -> Iterator[Remark]:
    for index, pattern in enumerate(sync.reservation or ()):
        if compiled((pattern,)).match(SUMMARY):
            yield Remark(
                (*path, "reservation", index),
                f"matches `{SUMMARY}`, the summary of our own feeds: a portal that repeats them would prove ghosts",
            )
    if sync.claims == "not_blocks" and not block_summaries(sync):
        yield Remark(
            (*path, "claims"),
            "`not_blocks` needs to know what a block looks like, and nothing is known of this portal: "
            "add `block:` with the summaries, or leave `claims` out",
        )
    both = set(sync.block or ()) & set(reservation_summaries(sync))
    if both:
        index = next(index for index, pattern in enumerate(sync.block or ()) if pattern in both)
        yield Remark((*path, "block", index), "is a reservation's summary as well: it can mean only one of the two")


def _unusable(sync: schema.Sync, path: Path) -> Iterator[Remark]:
    for key in ("ignore", "reservation", "block"):
        for index, pattern in enumerate(getattr(sync, key) or ()):
            if (why := unusable(pattern)) is not None:
                yield Remark((*path, key, index), f"it matches nothing: {why}")


def _calendar(
    name: str, place: Destination, ours: tuple[Hop, ...], known: dict[str, str], at: Path
) -> Iterator[Remark]:
    if isinstance(place, Misfit):
        yield Remark(at, f"{place.detail}: it begins with https://, http://, webcal:// or file:///")
        return
    if isinstance(place, Hop) and any(_below(base, place) for base in ours):
        yield Remark(at, "this is a link of this daemon: the portal's own calendar belongs here, and the link there")
    same = _calendar_at(place) if isinstance(place, Hop) else str(place)
    if same in known:
        yield Remark(at, f"`{known[same]}` has the same calendar: each calendar belongs to one sync")
    known.setdefault(same, name)


def _calendar_at(place: Hop) -> str:
    """The same for every way to write one URL."""
    port = 443 if place.port == 80 else place.port
    return f"{place.host.lower().rstrip('.')}:{port}{place.url.raw_path_qs}"


def _was(file: schema.File, name: str, was: str, former: dict[str, str], at: Path) -> Iterator[Remark]:
    id, _, key = was.partition("/")
    if was == name:
        yield Remark(at, "is the name that it has: leave it out")
    elif id in file.accommodations and key in file.accommodations[id].syncs:
        yield Remark(at, "this sync is still in the file: an earlier name is one that no sync has now")
    elif was in former:
        yield Remark(at, f"`{former[was]}` has the same earlier name: only one sync can go on as it")
    former.setdefault(was, name)


def _ours(file: schema.File) -> tuple[Hop, ...]:
    """What our links begin with."""
    listen = file.server.listen
    starts = [public_url(file), *(target.public_url for target in file.publish)]
    if listen is not None:
        local = _LOOPBACK if listen.host in (*_ANYWHERE, *_LOOPBACK) else ()
        starts += [f"http://{Address(host, listen.port)}" for host in (listen.host, *local)]
    places = [destination_of(f"{start}/") for start in starts if start]
    return tuple(place for place in places if isinstance(place, Hop))


def _below(base: Hop, place: Hop) -> bool:
    # http and https of one host are the same site
    ports = {80, 443} if {base.port, place.port} <= {80, 443} else {base.port}
    return base.host == place.host and place.port in ports and place.url.raw_path.startswith(base.url.raw_path)


def _unreachable(file: schema.File) -> Iterator[Remark]:
    """Where a feed would have a link that no portal can ask."""
    listen = file.server.listen
    if file.server.public_url is not None or (listen is not None and listen.host not in (*_ANYWHERE, *_LOOPBACK)):
        return
    published: set[str] = set()
    for target in file.publish:
        if target.public_url is not None:
            published.update(target.accommodations if target.accommodations is not None else file.accommodations)
    waiting = any(
        sync.direction != "import"
        for id, accommodation in file.accommodations.items()
        if id not in published
        for sync in accommodation.syncs.values()
    )
    if waiting and listen is not None:
        yield Remark(
            ("server", "public_url"), f"no portal can reach http://{listen}: set it to how they reach this machine"
        )
    elif waiting:
        yield Remark(("publish",), "nothing says how portals reach the feeds: give the targets their `public_url`")
