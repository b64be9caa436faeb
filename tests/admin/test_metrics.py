"""The metrics: complete, of the right form, absent where nothing happened, and cheap."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from icalsyncd.admin.exposition import labels
from icalsyncd.admin.metrics import Counts, Metrics, Scene, standing
from icalsyncd.calendars.calendar import Reason
from icalsyncd.state.state import State
from icalsyncd.state.view import View, see
from tests.admin.worlds import INSTALLATION, TODAY
from tests.benchmarks.metrics import compare, scene_of

STANDING = {
    "build_info",
    "config_last_reload_successful",
    "config_last_reload_success_timestamp_seconds",
    "state_stored",
    "clock_believed",
    "sync_info",
    "sync_paused",
    "sync_paused_open_nights",
    "sync_interval_seconds",
    "sync_pulls_total",
    "sync_pull_failures_total",
    "sync_last_attempt_timestamp_seconds",
    "sync_last_success_timestamp_seconds",
    "sync_last_change_timestamp_seconds",
    "sync_held",
    "sync_partial",
    "sync_leaving",
    "sync_retained_nights",
    "sync_claimed_nights",
    "sync_broken_events",
    "feed_requests_total",
    "feed_last_fetch_timestamp_seconds",
    "feed_blocked_nights",
    "feed_old_link_requests_total",
    "accommodation_blocked_nights",
    "accommodation_overbooked_nights",
    "accommodation_possible_ghost_nights",
    "accommodation_ready",
}


def text_of(scene: Scene, counts: Counts | None = None) -> str:
    return Metrics(counts or Counts(), lambda: scene).text().decode()


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_nothing_is_missing() -> None:
    found = samples(text_of(scene_of(5)))
    assert {f"icalsyncd_{name}" for name in STANDING} <= set(found)
    assert {"icalsyncd_sync_pull_duration_seconds_bucket", "process_cpu_seconds_total"} <= set(found)
    assert {name for family in found["icalsyncd_sync_pull_duration_seconds_bucket"] for name in family[0]} == {"le"}


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_to_say_of_them() -> None:
    counts = Counts()
    counts.pulled("house-000/portal-0", Reason.DNS, 0.2)
    ours = "".join(line + "\n" for line in text_of(scene_of(5), counts).splitlines() if "icalsyncd" in line)
    done = subprocess.run(["promtool", "check", "metrics"], input=ours, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_counters_are_there_from_the_start_at_0() -> None:
    found = samples(standing(scene_of(5), Counts()))
    failures = found["icalsyncd_sync_pull_failures_total"]
    assert {pair["reason"] for pair, _ in failures} == {reason.value for reason in Reason}
    assert {value for _, value in failures + found["icalsyncd_sync_pulls_total"]} == {0}


def test_what_happened_is_counted() -> None:
    counts = Counts()
    counts.pulled("house-000/portal-1", None, 0.1)
    counts.pulled("house-000/portal-1", Reason.TIMEOUT, 30.0)
    counts.requested(("house-000", "portal-1"), 200, old=True)
    text = standing(scene_of(5), counts)
    pair = 'accommodation="house-000",sync="portal-1"'
    assert f"icalsyncd_sync_pulls_total{{{pair}}} 2\n" in text
    assert f'icalsyncd_sync_pull_failures_total{{{pair},reason="timeout"}} 1\n' in text
    assert f'icalsyncd_feed_requests_total{{{pair},code="200"}} 1\n' in text
    assert f"icalsyncd_feed_old_link_requests_total{{{pair}}} 1\n" in text


def test_what_never_happened_is_no_series() -> None:
    scene = scene_of(5)
    house = scene.view.houses["house-000"]
    never = State(
        replace(house.state.ledger, syncs={n: replace(s, fetches=()) for n, s in house.state.ledger.syncs.items()})
    )
    found = samples(
        standing(replace(scene, view=see(View(), ["house-000"], {"house-000": never}, [{}], INSTALLATION)), Counts())
    )
    for name in ("sync_last_attempt", "sync_last_success", "sync_last_change", "sync_failing_since", "feed_last_fetch"):
        assert f"icalsyncd_{name}_timestamp_seconds" not in found
    assert len(found["icalsyncd_sync_info"]) == 5


def test_the_series_of_a_removed_sync_go() -> None:
    scene = scene_of(5)
    house = scene.view.houses["house-000"]
    syncs = {name: sync for name, sync in house.state.ledger.syncs.items() if name != "portal-3"}
    less = State(replace(house.state.ledger, syncs=syncs))
    view = see(scene.view, ["house-000"], {"house-000": less}, [{}], INSTALLATION)
    assert "portal-3" in standing(scene, Counts())
    assert "portal-3" not in standing(replace(scene, view=view), Counts())


def test_labels_are_escaped() -> None:
    assert labels(("portal", 'a "b"\\\nc')) == 'portal="a \\"b\\"\\\\\\nc"'


def test_no_link_is_in_them() -> None:
    scene = scene_of(5)
    text = text_of(scene)
    for house in scene.view.houses.values():
        for sync in house.state.ledger.syncs.values():
            assert INSTALLATION.token(sync.link) not in text
    assert "portal.example" not in text
    assert str(TODAY) not in text


@pytest.mark.slow
def test_a_scrape_of_1000_syncs_costs_at_most_half_of_what_the_librarys_objects_do() -> None:
    count, ours, theirs = compare(rounds=5)
    assert count > 30_000
    assert ours * 2 <= theirs
