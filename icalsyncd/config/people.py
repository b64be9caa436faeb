"""What ``calendars:`` of the config comes to: calendars for people, each with a link of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from icalsyncd.config import schema
from icalsyncd.config.mistakes import Remark, meant

AT: Final = "calendars"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar for people."""

    id: str
    turnovers: bool
    """It shows the days on which somebody leaves or arrives; otherwise whole stays."""
    accommodations: tuple[str, ...]
    """Ids, in the file's order."""
    language: str
    """Two letters."""
    link_generation: int


def resolve_calendars(file: schema.File) -> tuple[Calendar, ...]:
    """The calendars that *file* means, in its order."""
    ids = tuple(file.accommodations)
    return tuple(
        Calendar(
            id,
            written.show == "turnovers",
            ids if written.accommodations is None else tuple(each for each in ids if each in written.accommodations),
            written.language,
            written.link_generation,
        )
        for id, written in file.calendars.items()
    )


def calendar_refusals(file: schema.File) -> Iterator[Remark]:
    """What is refused of them in *file*."""
    for id, written in file.calendars.items():
        for place, wanted in enumerate(written.accommodations or ()):
            if wanted not in file.accommodations:
                near = meant(wanted, file.accommodations)
                yield Remark((AT, id, "accommodations", place), f"there is no accommodation of that id{near}")
    if file.calendars and file.server.listen is None:
        yield Remark((AT,), "calendars for people are read at `server.listen`, which is `off`")
