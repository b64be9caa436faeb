"""All claims of one sync, and what they come to together.

Claims change seldom, and what they come to is asked for at every pull of every sync of the accommodation, so each sum is
reckoned once.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from icalsyncd.availability.claims import Claim, Rule
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union


class Claims(tuple[Claim, ...]):
    """The claims of one sync, in order."""

    @cached_property
    def nights(self) -> Nights:
        return union(nights for claim in self for _, nights in claim.verdicts)

    @cached_property
    def reported(self) -> Nights:
        """Nights of the events that they were made of; a copy that is held lacks some of what is claimed."""
        return Nights.of_stays(claim.stay for claim in self)

    @cached_property
    def stays(self) -> frozenset[Stay]:
        """Those of the events that they were made of."""
        return frozenset(claim.stay for claim in self)

    @cached_property
    def genuine(self) -> Nights:
        """Nights that one of them at least claims as an origin."""
        return union(claim.genuine for claim in self)

    @cached_property
    def echoes(self) -> Nights:
        """Nights that one of them at least repeats."""
        return union(claim.echoes for claim in self)

    @cached_property
    def not_ours(self) -> Nights:
        """Nights claimed otherwise than by our own UID."""
        return union(nights for claim in self for rule, nights in claim.verdicts if rule is not Rule.OWN_UID)

    @cached_property
    def proven(self) -> Nights:
        return union(claim.proven for claim in self)

    @cached_property
    def confirmed(self) -> Nights:
        """Nights that are its own by the host's word."""
        return union(claim.under(Rule.CONFIRMED) for claim in self)

    @cached_property
    def disputable(self) -> Nights:
        return union(claim.disputable for claim in self)

    @cached_property
    def doubtful(self) -> Nights:
        return union(claim.doubtful for claim in self)

    @cached_property
    def was_own(self) -> Nights:
        """Echoes of nights that their portal had as its own: whatever else is known, it may have them still."""
        return union(claim.under(Rule.WAS_OWN) for claim in self)

    @cached_property
    def twice_told(self) -> Nights:
        """Echoes that are shown by two events, of which one may be a booking."""
        once, twice = EMPTY, EMPTY
        for claim in self:
            twice |= once & claim.echoes
            once |= claim.echoes
        return twice & self.disputable

    @cached_property
    def grown(self) -> Nights:
        return union(claim.grown for claim in self)

    @cached_property
    def contested(self) -> Nights:
        return union(claim.contested for claim in self)

    @cached_property
    def initial(self) -> Nights:
        """Genuine nights of those that were there when the portal was first pulled."""
        return union(claim.genuine for claim in self if claim.initial)

    @cached_property
    def certain_initial(self) -> Nights:
        """Those of them that one claim at least leaves no doubt of, as far as this sync alone can tell."""
        return union(claim.genuine - claim.contested - claim.grown for claim in self if claim.initial)

    @cached_property
    def certain_since(self) -> Nights:
        """The same of claims that began later."""
        return union(claim.genuine - claim.contested - claim.grown for claim in self if not claim.initial)

    @cached_property
    def are_plain(self) -> bool:
        """Each claims all nights of its event, and no night is repeated twice."""
        once = EMPTY
        for claim in self:
            if len(claim.nights) != claim.stay.check_out - claim.stay.check_in or not claim.echoes.isdisjoint(once):
                return False
            once |= claim.echoes
        return True


NO_CLAIMS: Final = Claims()
