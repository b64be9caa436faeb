"""What the host has in mind: the config as it should be, whatever lies in the file for a moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from tests.simulation.calendars import Stay
from tests.simulation.portal import Portal
from tests.simulation.world import HOUR


@dataclass(frozen=True)
class SyncPlan:
    """One sync as the host wants it."""

    portal: Portal
    first_name: str
    """`accommodation/sync` as it was first called: its link hangs on it."""
    profile: str = "generic"
    direction: str = "bidirectional"
    paused: bool = False
    generation: int = 1
    was: str | None = None
    ignore: str | None = None
    """A summary that none of its events has: its stored calendar is read anew where this changes."""

    @property
    def receives(self) -> bool:
        return self.direction != "export" and not self.paused

    @property
    def sends(self) -> bool:
        return self.direction != "import" and not self.paused


@dataclass(frozen=True)
class HousePlan:
    """One accommodation as the host wants it."""

    syncs: dict[str, SyncPlan] = field(default_factory=dict)
    blocks: tuple[Stay, ...] = ()
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Household:
    """The whole config."""

    houses: dict[str, HousePlan]
    interval: float = HOUR
    hold: float = 6 * HOUR
    removal_delay: float = 1800.0
    listen: str = "127.0.0.1:5545"
    server_last: bool = False
    """The server's keys are the last of the file."""
    folder: str | None = None
    """Where the feeds are published as well."""
    cloud: str | None = None
    """The URL of a server on which they are, too."""

    def syncs(self) -> dict[tuple[str, str], SyncPlan]:
        return {(house, name): sync for house, plan in self.houses.items() for name, sync in plan.syncs.items()}

    def with_house(self, name: str, house: HousePlan) -> Household:
        return replace(self, houses={**self.houses, name: house})

    def with_sync(self, place: tuple[str, str], sync: SyncPlan) -> Household:
        house = self.houses[place[0]]
        return self.with_house(place[0], replace(house, syncs={**house.syncs, place[1]: sync}))

    def without_sync(self, place: tuple[str, str]) -> Household:
        house = self.houses[place[0]]
        left = {name: sync for name, sync in house.syncs.items() if name != place[1]}
        return self.with_house(place[0], replace(house, syncs=left))

    @property
    def is_published(self) -> bool:
        """Portals may read their feeds where nobody sees it."""
        return self.folder is not None or self.cloud is not None

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    def text(self) -> str:
        """The file."""
        server = [
            "server:",
            f"  listen: '{self.listen}'",
            "  admin: '127.0.0.1:15545'",
            f"  removal_delay: {self.removal_delay:.0f}s",
        ]
        pull = [
            "pull:",
            "  allow_private_addresses: true",
            f"  interval: {self.interval:.0f}s",
            f"  hold: {self.hold:.0f}s",
        ]
        publish = ["publish:"] if self.is_published else []
        if self.folder:
            publish += ["  - name: shelf", "    type: folder", f"    path: '{self.folder}'"]
        if self.cloud:
            publish += ["  - name: cloud", "    type: webdav", f"    url: '{self.cloud}'"]
        houses = ["accommodations:"]
        for name, house in self.houses.items():
            houses += [f"  {name}:", "    timezone: UTC"]
            if house.before or house.after:
                houses.append(f"    buffer: {{before: {house.before}, after: {house.after}}}")
            if house.blocks:
                houses.append("    blocks:")
                houses += [
                    f"      - {{from: {date.fromordinal(first)}, to: {date.fromordinal(last)}}}"
                    for first, last in house.blocks
                ]
            houses.append("    syncs:")
            for sync, plan in house.syncs.items():
                houses += [f"      {sync}:", f"        portal: {plan.profile}", f"        direction: {plan.direction}"]
                if plan.direction != "export":
                    houses.append(f"        url: {plan.portal.url}")
                if plan.portal.summary == "Reserved":
                    houses.append("        reservation: [Reserved]")
                if plan.ignore:
                    houses.append(f"        ignore: ['{plan.ignore}']")
                if plan.paused:
                    houses.append("        paused: true")
                if plan.generation > 1:
                    houses.append(f"        link_generation: {plan.generation}")
                if plan.was:
                    houses.append(f"        was: {plan.was}")
        parts = [pull, publish, houses, server] if self.server_last else [server, pull, publish, houses]
        return "\n".join(["terms: accepted", "official_only: []", *(line for part in parts for line in part), ""])
