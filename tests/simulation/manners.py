"""How often a portal may be asked, and how soon it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.household import SyncPlan
from tests.simulation.portal import Answer, Portal
from tests.simulation.world import DAY, MINUTE

if TYPE_CHECKING:
    from tests.simulation.oracle import Oracle

SOON: Final = 110.0
"""Seconds in which what is wanted at once is asked for: one pull that hangs may be before it."""
WINDOW: Final = 120.0


class Manners:
    """Judges the daemon's questions."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._tried: dict[str, list[float]] = {}
        self._leave: dict[str, list[float]] = {}
        """When there was a reason to ask out of turn, by portal; "" for all."""
        self._wait_until: dict[str, float] = {}
        self._may_wait_until: dict[str, float] = {}
        """The same of wishes that were heard before a kill: they may have been stored, or not."""
        self._host_asked: dict[str, float] = {}
        """What the host asks for goes its way, whatever the portal says before its turn comes."""
        self._owed: dict[str, tuple[SyncPlan, float]] = {}
        """Syncs that are to be asked at once: since when."""
        self._open: dict[str, list[tuple[Answer, int]]] = {}
        self._up_since = 0.0
        self._reloads = 0
        self._saved_at = 0.0
        self._seen_at = 0.0

    @property
    def _now(self) -> float:
        return self._oracle.world.now

    def allow(self, portal: Portal | None) -> None:
        """There is a reason to ask *portal*, or all, once more."""
        self._leave.setdefault(portal.key if portal else "", []).append(self._now)

    def asks(self, portal: Portal) -> None:
        """The host asks for a pull: whatever the portal said before."""
        self.allow(portal)
        self._wait_until.pop(portal.key, None)
        self._host_asked[portal.key] = self._now

    def tried(self, portal: Portal) -> None:
        """The daemon tries to reach a portal."""
        now, key = self._now, portal.key
        if not portal.can_be_asked and key in self._owed and now > self._owed[key][1] + 2:
            # that it cannot be reached is no fault of who tries
            del self._owed[key]
        until = self._wait_until.get(key)
        if until is not None and now < until - 2 and now > self._host_asked.get(key, 0.0) + SOON:
            self._oracle.find("asked too soon", f"{key} had asked to wait {until - now:.0f} s more")
            self._wait_until.pop(key)
        tries = [at for at in self._tried.get(key, []) if at > now - WINDOW] + [now]
        self._tried[key] = tries
        reasons = sum(at > now - WINDOW - 10 for which in (key, "") for at in self._leave.get(which, []))
        # each publication of other nights is looked for, and each try at a folder that hangs
        household = self._oracle.household
        most = 4 + 4 * (household.folder is not None) + 4 * (household.cloud is not None)
        if len(tries) > most + 2 * reasons:
            self._oracle.find("asked too often", f"{key} was asked {len(tries)} times in {WINDOW:.0f} s")
            self._tried[key] = [now]
            # it would go on and on
            portal.mood.until = 0.0

    def asked(self, answer: Answer) -> None:
        """A portal hears a question."""
        key = answer.portal.key
        owed = self._owed.get(key)
        if owed is not None and answer.current and answer.asked_at >= owed[1]:
            del self._owed[key]
        before = [each for each in self._open.get(key, []) if each[0].is_open]
        if any(number == self._reloads for _, number in before):
            self._oracle.find("two at once", f"{key} is asked while it is still answering")
        elif before:
            self._oracle.find("two at once after a reload", f"{key} is asked while it is still answering")
        self._open[key] = [*before, (answer, self._reloads)]

    def delivered(self, answer: Answer) -> None:
        """The daemon has a portal's answer."""
        if answer.wait and answer.status in (429, 503):
            interval = self._oracle.household.interval
            longest = DAY if answer.status == 429 else 4 * interval
            self._wait_until[answer.portal.key] = self._now + min(answer.wait, longest)

    def fetched(self, portal: Portal) -> None:
        """A portal has read its feed, so that it may have been looked at."""
        self.allow(portal)

    def taken_over(self) -> None:
        """The daemon runs under the config as it lies there."""
        self._seen_at = self._now

    def has_seen(self, since: float) -> bool:
        """Whether the daemon has surely run under what was saved at *since*, and is not to be asked about what came later."""
        return self._seen_at > since + 0.5

    def ran_under(self, since: float) -> bool:
        """Whether all that is heard now was said under what was saved at *since*."""
        return self._seen_at > since + 0.5 and self._now > self._seen_at + 0.2

    def last_tried(self, portal: Portal) -> float | None:
        """When the daemon last tried to reach *portal*."""
        return self._tried[portal.key][-1] if self._tried.get(portal.key) else None

    def planned(self, plan: SyncPlan, before: SyncPlan | None, since: float) -> None:
        """What the host wants of a sync now, and wanted before, *since* when."""
        if before != plan:
            self._reloads += 1
        if not plan.receives:
            self._owed.pop(plan.portal.key, None)
            return
        if before is None or (not before.receives and self._seen_at > since):
            self._owed[plan.portal.key] = plan, self._now
            self._wait_until.pop(plan.portal.key, None)
            self.allow(plan.portal)

    def saved(self) -> None:
        """The host saved something, whatever it was."""
        self.allow(None)
        self._saved_at = self._now

    def moved(self, plan: SyncPlan, since: float = -1e18) -> None:
        """The calendar is asked for under another address than the daemon has known *since* then, if it has seen that."""
        if plan.receives and self._seen_at > since:
            self._owed[plan.portal.key] = plan, self._now
        self._wait_until.pop(plan.portal.key, None)
        self.allow(plan.portal)

    def interrupted(self) -> None:
        self._up_since = self._now
        self._open.clear()
        for key, until in self._wait_until.items():
            self._may_wait_until[key] = max(until, self._may_wait_until.get(key, 0.0))
        self._wait_until.clear()
        self.allow(None)
        self.allow(None)

    def forgotten(self) -> None:
        """The host has let all syncs go at once: what comes back is asked anew."""
        self._wait_until.clear()

    def clock_set(self) -> None:
        """Somebody set the clock: a wish that was heard under a clock that was wrong names no moment."""
        self._wait_until.clear()
        self.allow(None)

    def look(self) -> None:
        """Whether all that is owed was done."""
        oracle = self._oracle
        if not oracle.is_up():
            return
        wanted = {plan.portal.key for plan in oracle.household.syncs().values() if plan.receives}
        for key, (plan, since) in list(self._owed.items()):
            if key not in wanted:
                del self._owed[key]
                continue
            if self._now > max(since, self._up_since, oracle.clock_touched) + SOON and plan.portal.can_be_asked:
                oracle.find(
                    "not asked at once",
                    f"{plan.first_name} ({key}) should have been asked {self._now - since:.0f} s ago",
                )
                del self._owed[key]
        patience = oracle.household.interval + 5 * MINUTE
        for place, plan in oracle.household.syncs().items():
            key = plan.portal.key
            if not plan.receives:
                continue
            last = max(
                self._tried.get(key, [0.0])[-1] if self._tried.get(key) else 0.0,
                self._up_since,
                self._saved_at,
                oracle.changed.get(plan.first_name, 0.0),
                self._wait_until.get(key, 0.0),
                self._may_wait_until.get(key, 0.0),
                oracle.clock_touched,
            )
            if self._now > last + patience:
                oracle.find("not asked for long", f"{'/'.join(place)} was not asked for {self._now - last:.0f} s")
                self._tried[key] = [self._now]
