"""`icalsyncd block` and `unblock`: nights that the host takes, or gives back, written into the config."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from icalsyncd.availability.offers import blocked
from icalsyncd.calendars.nights import EMPTY, Nights, night_of
from icalsyncd.commands.config_change import change, require_running, take_over, written_config
from icalsyncd.commands.dates import Said
from icalsyncd.commands.offline import stored_in
from icalsyncd.commands.outcome import UNRUNNABLE, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, counted, listed, painted
from icalsyncd.config.blocks import add_block, remove_block
from icalsyncd.config.mistakes import meant
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Accommodation, Config


def block(paths: Paths, accommodation: str, first: Said, until: Said, note: str) -> int:
    """Take the nights from *first* up to, not including, *until*."""
    _, text, house = _found(paths, accommodation)
    start, end = _range(house, first, until)
    taken = _taken(paths, accommodation) & Nights.between(night_of(start), night_of(end))
    if taken - _local(house):
        print(
            painted(f"taken already, so that they will be overbooked: {listed(taken - _local(house))}", Colour.WARNING)
        )
    change(paths, text, lambda text: add_block(text, accommodation, start, end, note))
    print(f"{accommodation} is blocked {_words(start, end)}")
    return take_over(paths)


def unblock(paths: Paths, accommodation: str, first: Said, until: Said) -> int:
    """Give the nights from *first* up to, not including, *until* back."""
    config, text, house = _found(paths, accommodation)
    start, end = _range(house, first, until)
    change(paths, text, lambda text: remove_block(text, accommodation, start, end))
    print(f"{accommodation} is blocked no longer {_words(start, end)}")
    if minutes := config.server.removal_delay // 60:
        print(f"What that frees opens in {counted(minutes, 'minute')}; `icalsyncd accept {accommodation}` opens it now")
    return take_over(paths)


def _found(paths: Paths, accommodation: str) -> tuple[Config, str, Accommodation]:
    written = written_config(paths)
    if written is None:
        raise CommandError(f"there is no config at {paths.config}", UNRUNNABLE)
    config, text = written
    house = config.accommodation(accommodation)
    if house is None:
        near = meant(accommodation, [each.id for each in config.accommodations])
        raise CommandError(f"there is no accommodation {accommodation} in {paths.config}{near}")
    require_running(paths, text)
    return config, text, house


def _range(house: Accommodation, first: Said, until: Said) -> tuple[date, date]:
    today = datetime.now(ZoneInfo(house.timezone)).date()
    start = first.on(today)
    end = until.on(today, after=start)
    if end <= start:
        raise CommandError(
            f"TO is the morning on which the house is free again: it must come after {start.isoformat()}", USAGE
        )
    return start, end


def _taken(paths: Paths, accommodation: str) -> Nights:
    state = stored_in(paths).states.get(accommodation)
    return blocked(state.ledger) if state is not None else EMPTY


def _local(house: Accommodation) -> Nights:
    return Nights.of_stays((night_of(each.from_), night_of(each.to)) for each in house.blocks)


def _words(start: date, end: date) -> str:
    nights = counted((end - start).days, "night")
    return f"from {start:%a} {start.isoformat()} to the morning of {end:%a} {end.isoformat()}: {nights}"
