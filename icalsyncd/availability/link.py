"""Under which link a sync's feed is read, and which earlier links still answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from icalsyncd.availability.stamps import Moment


@dataclass(frozen=True, slots=True)
class Link:
    """What the address of a sync's feed is made of, beside the installation's secret."""

    first_name: str
    """`accommodation/sync`, the name under which the link was first made; it stays through a rename."""
    generation: int = 1
    old: tuple[tuple[int, Moment], ...] = ()
    """Earlier generations, and until when each still answers."""
    ended: int = 0
    """The highest generation that has ended; neither it nor one before it ever works again."""
    refused: int = 0
    """The generation that the host asks for and does not get, since it has ended; 0 if there is none."""

    def at(self, generation: int, until: Moment) -> Link:
        """The same under *generation*, if that has not ended; the one before it answers *until* then."""
        if generation != self.generation and generation not in dict(self.old) and generation <= self.ended:
            # whoever ended it did so because somebody has it who must not
            return replace(self, refused=generation)
        link = replace(self, refused=0) if self.refused else self
        if generation == self.generation:
            return link
        old = tuple((number, end) for number, end in self.old if number not in (generation, self.generation))
        return replace(link, generation=generation, old=(*old, (self.generation, until)))

    def without_old(self, kept: tuple[tuple[int, Moment], ...] = ()) -> Link:
        """The same once all earlier generations but those *kept* have ended."""
        gone = [number for number, _ in self.old if number not in dict(kept)]
        return replace(self, old=kept, ended=max((self.ended, *gone)))
