"""What is refused of families: parts that are none, that go round in a circle, or that lie in another time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icalsyncd.config import schema
from icalsyncd.config.mistakes import Remark, meant
from icalsyncd.config.nodes import Path
from icalsyncd.config.resolving import offer_of


def family_refusals(file: schema.File) -> Iterator[Remark]:
    """What is refused in `parts` and in what is offered."""
    known = file.accommodations
    for id, accommodation in known.items():
        at: Path = ("accommodations", id)
        yield from _offers(accommodation, at)
        for index, part in enumerate(accommodation.parts):
            path: Path = (*at, "parts", index)
            if part == id:
                yield Remark(path, "is the accommodation itself: its parts are others")
            elif part not in known:
                yield Remark(path, f"there is no accommodation of that id{meant(part, known)}")
            elif part in accommodation.parts[:index]:
                yield Remark(path, "is listed already: each part once")
            elif (way := _way(known, part, id)) is not None:
                yield Remark(path, f"goes round in a circle ({', '.join((id, *way))}): nothing is a part of itself")
            elif known[part].timezone != accommodation.timezone:
                yield Remark(
                    path,
                    f"lies in another time zone ({known[part].timezone}) than `{id}` ({accommodation.timezone}): "
                    "a house and its rooms have one",
                )


def family_warnings(file: schema.File) -> Iterator[Remark]:
    """What in families can run, and does nothing."""
    parts = {part for accommodation in file.accommodations.values() for part in accommodation.parts}
    for id, accommodation in file.accommodations.items():
        for key, sync in accommodation.syncs.items():
            if sync.linked and not accommodation.parts and id not in parts:
                path: Path = ("accommodations", id, "syncs", key, "linked")
                yield Remark(path, f"does nothing: `{id}` has no parts and is no part of another accommodation")


def _way(known: Mapping[str, schema.Accommodation], start: str, end: str) -> list[str] | None:
    """How *start* consists, in the end, of *end*: each a part of the one before it; None where it does not."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == end:
            return way
        for part in known[way[-1]].parts if way[-1] in known else ():
            if part not in seen:
                seen.add(part)
                ways.append([*way, part])
    return None


def _offers(accommodation: schema.Accommodation, at: Path) -> Iterator[Remark]:
    offers = [(accommodation.offer, (*at, "offer"))]
    offers += [
        (sync.offer, (*at, "syncs", key, "offer"))
        for key, sync in accommodation.syncs.items()
        if sync.offer is not None
    ]
    for offer, path in offers:
        whole = offer_of(offer, accommodation.offer)
        if whole.window is not None and whole.window <= whole.notice:
            key = "window" if offer.window is not None else "notice"
            yield Remark((*path, key), "leaves no night to offer: the window must be longer than the notice")
