"""Many histories, each in a process of its own: what one leaves behind reaches no other."""

from __future__ import annotations

import os
import pickle
import select
import traceback
from collections.abc import Callable, Iterable, Iterator

from tests.simulation import seam
from tests.simulation.history import History
from tests.simulation.oracle import Finding
from tests.simulation.play import Outcome, Play
from tests.simulation.quiet import come_to_rest
from tests.simulation.world import Stuck

_installed = False


def play_one(seed: int, acts: int) -> Outcome:
    """Play one history in this process."""
    global _installed
    if not _installed:
        seam.installed()
        _installed = True
    play = Play(seed)
    try:
        play.begin()
        history = History(play)
        history.play_on(acts)
        come_to_rest(play, history)
    except Stuck as error:
        play.oracle.find("stuck", str(error))
    return play.close()


def play_many(
    seeds: Iterable[int], acts: int, jobs: int, first: Callable[[], None] = lambda: None
) -> Iterator[Outcome]:
    """Play many, at most *jobs* at a time, in whatever order they end; each process does *first* before it plays."""
    running: dict[int, tuple[int, int, list[bytes]]] = {}
    left = iter(seeds)
    while True:
        while len(running) < jobs:
            seed = next(left, None)
            if seed is None:
                break
            mine, pid = _fork(seed, acts, first)
            running[mine] = seed, pid, []
        if not running:
            return
        ready, _, _ = select.select(list(running), [], [])
        for mine in ready:
            seed, pid, came = running[mine]
            piece = os.read(mine, 1 << 20)
            if piece:
                came.append(piece)
                continue
            os.close(mine)
            os.waitpid(pid, 0)
            del running[mine]
            whole = b"".join(came)
            yield pickle.loads(whole) if whole else _lost(seed, "its process died")


def _fork(seed: int, acts: int, first: Callable[[], None]) -> tuple[int, int]:
    mine, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return mine, pid
    os.close(mine)
    try:
        first()
        outcome = play_one(seed, acts)
        outcome.lines.clear()
    except BaseException:
        outcome = _lost(seed, traceback.format_exc())
    with os.fdopen(theirs, "wb") as pipe:
        pipe.write(pickle.dumps(outcome))
    os._exit(0)


def _lost(seed: int, why: str) -> Outcome:
    return Outcome(seed, [Finding("the simulation itself", 0.0, why)], "", 0, 0.0, 0)
