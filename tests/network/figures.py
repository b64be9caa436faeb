"""The kinds of networks that are played, and what many histories of one kind come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.network.baselines import Merge
from tests.network.history import History, history
from tests.network.hubs import Hub
from tests.network.simulation import Tally, play

Rules = Callable[[History], Hub | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of network."""

    name: str
    outages: bool
    networks: int
    """How many histories, of about 105 bookings each."""
    given: dict[str, bool | int] = field(default_factory=dict)

    def history(self, seed: int) -> History:
        return history(seed, outages=self.outages, **self.given)  # type: ignore[arg-type]


USUAL = (
    Setting("constant outages", outages=True, networks=50),
    Setting("no outages", outages=False, networks=50),
)
"""Every portal of any kind, but for those that pad, or read another one beside us."""
LABELLED = (
    Setting("every portal labels its reservations, outages", outages=True, networks=10, given={"labels": True}),
    Setting("every portal labels its reservations", outages=False, networks=10, given={"labels": True}),
)
FORGETFUL = (Setting("state lost once, outages", outages=True, networks=10, given={"forgets": True}),)
PUBLISHED = (
    Setting("read from published copies only, outages", outages=True, networks=10, given={"published": True}),
    Setting("read from published copies only", outages=False, networks=10, given={"published": True}),
)
APART = (
    Setting(
        "a portal pads by a night, `echo_padding: 1`", outages=True, networks=10, given={"padded": True, "padding": 1}
    ),
    Setting("a portal pads by a night, and nobody said so", outages=True, networks=10, given={"padded": True}),
    Setting("a portal reads another one beside us", outages=True, networks=10, given={"direct": True}),
)


def the_daemon(story: History) -> Hub | None:
    """The rules of this project."""
    return None


def a_merge(story: History) -> Hub:
    """Every portal is told all that any portal shows."""
    return Merge(tuple(story.habits), split_horizon=False)


def a_merge_with_split_horizon(story: History) -> Hub:
    """Every portal is told all that any other portal shows."""
    return Merge(tuple(story.habits), split_horizon=True)


def tally(
    setting: Setting, rules: Rules = the_daemon, *, seeds: Iterable[int] | None = None, workers: int = 2
) -> Tally:
    """What the histories of *setting* come to, under *rules*."""
    chosen = range(setting.networks) if seeds is None else seeds
    one = partial(_one, setting, rules)
    if workers < 2:
        return sum(map(one, chosen), Tally())
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(one, chosen), Tally())


def _one(setting: Setting, rules: Rules, seed: int) -> Tally:
    story = setting.history(seed)
    return play(story, rules(story))
