"""All claims of one sync, and what they come to together.

Claims change seldom, and what they come to is asked for at every pull of every sync of the accommodation, so each sum is
reckoned once.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Final

from icalsyncd.availability.claims import DISPUTABLE, ECHOES, PROOFS, Claim, Rule
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union


class Claims(tuple[Claim, ...]):
    """The claims of one sync, in order."""

    @cached_property
    def _by_rule(self) -> dict[Rule, Nights]:
        listed: dict[Rule, list[Nights]] = {}
        for claim in self:
            for rule, nights in claim.verdicts:
                listed.setdefault(rule, []).append(nights)
        return {rule: union(each) for rule, each in listed.items()}

    def under(self, *rules: Rule) -> Nights:
        """Nights on which one of *rules* decided, for one of the claims at least."""
        return self._ruled(rules)

    def _ruled(self, rules: Collection[Rule]) -> Nights:
        return union(nights for rule, nights in self._by_rule.items() if rule in rules)

    def _ruled_not(self, rules: Collection[Rule]) -> Nights:
        return union(nights for rule, nights in self._by_rule.items() if rule not in rules)

    @cached_property
    def nights(self) -> Nights:
        return union(self._by_rule.values())

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
        return self._ruled_not(ECHOES)

    @cached_property
    def echoes(self) -> Nights:
        """Nights that one of them at least repeats."""
        return self._ruled(ECHOES)

    @cached_property
    def not_ours(self) -> Nights:
        """Nights claimed otherwise than by our own UID."""
        return self._ruled_not((Rule.OWN_UID,))

    @cached_property
    def proven(self) -> Nights:
        return self._ruled(PROOFS)

    @cached_property
    def confirmed(self) -> Nights:
        """Nights that are its own by the host's word."""
        return self.under(Rule.CONFIRMED)

    @cached_property
    def disputable(self) -> Nights:
        return self._ruled(DISPUTABLE)

    @cached_property
    def doubtful(self) -> Nights:
        return union(claim.doubtful for claim in self)

    @cached_property
    def was_own(self) -> Nights:
        """Echoes of nights that their portal had as its own: whatever else is known, it may have them still."""
        return self.under(Rule.WAS_OWN)

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
        if not self.contested and not self.grown:
            return self.initial
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
