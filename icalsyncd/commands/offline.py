"""What commands read of an installation without asking its daemon: config, secret, and what is stored."""

from __future__ import annotations

import os
from dataclasses import dataclass

from icalsyncd.availability.plan import Plan
from icalsyncd.calendars.nights import Night
from icalsyncd.clock import Clock
from icalsyncd.commands.outcome import UNRUNNABLE, CommandError
from icalsyncd.config.loading import Accepted, Refused, load, parse
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.config.store import Store
from icalsyncd.daemon.plans import plans, todays
from icalsyncd.state.database import Place, StoreFailed, StoreRefused
from icalsyncd.state.installation import Installation, SecretUnusable, read_installation, unmade_installation
from icalsyncd.state.stored import Stored, peek


@dataclass(frozen=True, slots=True)
class Offline:
    """One installation as it lies on the disk, and the moment at which it was read."""

    config: Config
    text: str
    """Of the config file."""
    installation: Installation
    """A new one, whose links must not be shown, if there is no secret yet."""
    stored: Stored
    plans: dict[str, Plan]
    today: dict[str, Night]
    now: float

    @property
    def removal_delay(self) -> float:
        """Seconds for which what the config lacks would be kept: those in force before it, if they are more."""
        wanted, known = float(self.config.server.removal_delay), self.stored.removal_delay
        return known.under(wanted, self.now).at(self.now) if known is not None else wanted


def read_offline(paths: Paths) -> Offline:
    """Read everything. Raises CommandError if something of it cannot be read."""
    accepted = accepted_config(paths)
    return read_offline_under(paths, accepted)


def read_offline_under(paths: Paths, accepted: Accepted) -> Offline:
    """The same under a config that was read already."""
    config = accepted.config
    installation = installation_of(paths, config)
    stored = stored_under(paths, config)
    clock = Clock(stored.last_commit, agreed=stored.agreed)
    now = clock.now()
    days = todays(config, clock.day_moment(), stored.states)
    return Offline(config, accepted.text, installation, stored, plans(config, installation), days, now)


def accepted_config(paths: Paths) -> Accepted:
    """The config file's config. Raises CommandError with every mistake of one that cannot be run."""
    loaded = load(paths.config, os.environ)
    if isinstance(loaded, Refused):
        raise CommandError(refusal(loaded), UNRUNNABLE)
    return loaded


def refusal(refused: Refused) -> str:
    """What is wrong with a config, one mistake a line."""
    return "\n".join(["the config cannot be run", *map(str, refused.mistakes)])


def last_config(paths: Paths) -> Config | None:
    """The config that the daemon took over last; None if there is none."""
    text = paths.folder.accepted_text()
    if text is None:
        return None
    parsed = parse(text, paths.config, os.environ, ran_before=True)
    return parsed.config if isinstance(parsed, Accepted) else None


def installation_of(paths: Paths, config: Config) -> Installation:
    """The installation; a new one that is stored nowhere if there is no secret yet: only the daemon makes one.

    Raises CommandError.
    """
    path = config.server.secret_file or paths.folder.secret
    try:
        return read_installation(path)
    except FileNotFoundError:
        return unmade_installation()
    except SecretUnusable as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"the secret {path} cannot be used: {error.strerror}") from None


def stored_in(paths: Paths) -> Stored:
    """What is stored, under the config that the file holds, or that ran last. Raises CommandError."""
    return stored_under(paths, config_or_last(paths))


def config_or_last(paths: Paths) -> Config | None:
    """The config file's config; if it cannot be run, the one that the daemon took over last, if there is one."""
    loaded = load(paths.config, os.environ)
    return loaded.config if isinstance(loaded, Accepted) else last_config(paths)


def stored_under(paths: Paths, config: Config | None) -> Stored:
    """What is stored where *config* says. Raises CommandError."""
    try:
        return peek(place_of(paths, config))
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{paths.folder.state} cannot be read: {error.strerror}") from None


def place_of(paths: Paths, config: Config | None) -> Place:
    """Where the state lies under *config*. Raises StoreFailed."""
    return (config.store if config is not None else Store()).place(paths.folder)
