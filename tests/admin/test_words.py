"""Each state that needs the host is called by one word: on the page, in commands, JSON, log, metrics, alerts and messages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from yaml import safe_load

import icalsyncd
from icalsyncd.admin.concern import Concern
from icalsyncd.admin.concerns import concerns, needs
from icalsyncd.admin.matters import Fault, Matter
from icalsyncd.admin.metrics import Counts, Scene, standing
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import page
from icalsyncd.admin.status import Condition, ConfigStatus, report
from icalsyncd.availability.ledger import Presence
from icalsyncd.calendars.nights import Nights
from icalsyncd.notifying.courier import ReceiverStatus
from icalsyncd.notifying.heartbeat import HeartbeatStatus
from icalsyncd.notifying.message import gathered
from icalsyncd.notifying.post import Why as NotTold
from icalsyncd.publishing.target_status import TargetStatus
from icalsyncd.publishing.targets.storage import Unsent, Why
from icalsyncd.state.outbox import Notice, Turn
from tests.admin.scenes import scenes
from tests.admin.test_page import calm, with_sync, words
from tests.admin.worlds import NOW, TODAY

ROOT = Path(icalsyncd.__file__).parent.parent
ALERTS = [
    rule["alert"].removeprefix("Icalsyncd")
    for group in safe_load(files("icalsyncd.admin").joinpath("data", "alerts.yaml").read_text(encoding="utf-8"))[
        "groups"
    ]
    for rule in group["rules"]
]
OF_NO_STATE = {"Down", "NotPulled", "NeverPulled"}
"""Alerts of what no page can say, or of a state that has another alert, too."""
UNLIKE = {"NotRead": "FeedNotRead", "NeverRead": "FeedNeverRead", "KeptAsItWas": ""}


def faulty(matter: Matter) -> Overview:
    """A daemon with a fault of its own; the sentence is that of `daemon/health.py`, which a test of it compares."""
    said = re.search(rf"Matter\.{matter.name},\s+say\(\s*\"([^\"]*)\"", _text("daemon/health.py"))
    assert said is not None
    return replace(calm(), faults=(Fault(matter, said[1], "More."),))


def _text(path: str) -> str:
    return (ROOT / "icalsyncd" / path).read_text(encoding="utf-8")


def overviews() -> dict[str, Overview]:
    """Every state at least once."""
    made = {name: make() for name, make in scenes().items() if name not in ("two-hundred", "large")}
    sync = calm().view.houses["house-000"].state.ledger.syncs["portal-0"]
    unsent = Unsent(Why.MISSING, "there is no such folder")
    target = TargetStatus("web", "webdav", 4, 3, None, NOW - 900, unsent, overwritten=2, tears=True)
    late = {"fetches": (NOW - 3 * 86400,)}
    return made | {
        "target": replace(calm(), targets=(target,)),
        "deaf": replace(calm(), receivers=(ReceiverStatus("phone", 3, None, NOW - 60, NotTold.REFUSED),)),
        "stopped": replace(calm(), heartbeat=HeartbeatStatus(None, "all pulls fail", None)),
        "unheard": replace(calm(), heartbeat=HeartbeatStatus(None, None, NOW - 60)),
        "late": with_sync(calm(), **late),
        "unsafe": with_sync(calm(), **late, offered=sync.offered.holding(Nights((TODAY,)), NOW)),
        "never": with_sync(calm(), fetches=(), told=None),
        "kept": with_sync(calm(), presence=Presence.KEPT, since=NOW - 60),
        "ended": with_sync(calm(), link=replace(sync.link, refused=1)),
        "not stored": faulty(Matter.NOT_STORED),
        "withheld": faulty(Matter.WITHHELD),
        "clock": faulty(Matter.CLOCK_DOUBTED),
        "mistake": replace(calm(), config=ConfigStatus(ok=False, problems=("config.yaml:3:1: x",), loaded_at=NOW)),
    }


@cache
def found() -> dict[Matter, tuple[Overview, Concern]]:
    """For each matter a state that has it."""
    made: dict[Matter, tuple[Overview, Concern]] = {}
    for overview in overviews().values():
        for concern in concerns(overview):
            made.setdefault(concern.matter, (overview, concern))
    return made


ELSEWHERE = {
    Matter.NOT_COMPLETE: r"Matter\.NOT_COMPLETE,(.*?)Portals try",
    Matter.POSSIBLE_GHOST: r"def _ghost(.*?)\n(?:def |$)",
    Matter.PERHAPS_TWICE: r"def _perhaps_two(.*?)\n(?:def |$)",
    Matter.SECOND_READER: r"def _other_readers(.*?)\ndef ",
}
"""Shown by tests of the daemon and of the pure core; here their sentences are looked up, and each has the word."""


@pytest.mark.parametrize("matter", list(Matter), ids=lambda matter: matter.word)
def test_the_sentence_has_the_word_and_stands_alike_everywhere(matter: Matter) -> None:
    if matter not in found():
        source = "".join(map(_text, ("admin/concerns.py", "admin/sync_concerns.py")))
        (part,) = re.findall(ELSEWHERE[matter], source, re.DOTALL)
        said = re.findall(r"\"(\{(?:house|sync)\}[^\"]*|The link[^\"]*)\"", part)
        assert said
        assert all(matter.word in sentence for sentence in said), said
        return
    overview, concern = found()[matter]
    assert matter.word in concern.what.lower()
    assert words(concern.what) in words(page(overview)).replace("&#39;", "'").replace("&#34;", '"')
    needed = needs([concern])
    assert needed == ((concern.what,) if matter.needs_host else ())
    condition = Condition(overview.config, (), (), 1800.0, needed, digest="")
    told = json.loads(report(overview.view, condition, {}, lambda name: None, {}))
    assert told["verdict"] == {"well": not needed, "needs": list(needed)}
    about = matter.value.about
    if about is not None:
        message, _ = gathered([Notice(1, "1", about, Turn.BEGUN, NOW, {"en": concern.what})], "en")
        assert message.body == concern.what


def camel(word: str) -> str:
    return "".join(part.capitalize() for part in word.split())


def test_each_alert_has_the_word_of_its_state() -> None:
    named = {matter.value.alert: matter.word for matter in Matter if matter.value.alert}
    assert named.keys() | OF_NO_STATE == set(ALERTS)
    for alert, word in named.items():
        if word == Matter.CROSSED.word:
            continue  # it is raised as what it is: possible ghosts
        assert camel(word).removeprefix("Heartbeat").removeprefix("Has") in alert, (alert, word)


METRICS = {
    "overbooked": "accommodation_overbooked_nights",
    "unsafe": "accommodation_unsafe_nights",
    "possible ghost": "accommodation_possible_ghost_nights",
    "failing": "sync_failing_since_timestamp_seconds",
    "held": "sync_held",
    "partial": "sync_partial",
    "paused": "sync_paused",
    "leaving": "sync_leaving",
    "overwritten": "publish_overwritten_feeds",
    "not stored": "state_stored",
    "heartbeat has stopped": "heartbeat_stopped",
}
LOGGED = {
    "overbooked": "daemon/audit.py",
    "possible ghost": "daemon/audit.py",
    "paused": "daemon/audit.py",
    "kept as it was": "daemon/audit.py",
    "leaving": "daemon/audit.py",
    "failing": "pulling/report.py",
    "held": "pulling/report.py",
    "partial": "pulling/report.py",
    "refused": "daemon/reload.py",
    "withheld": "daemon/hub.py",
    "doubted": "daemon/housekeeping.py",
    "not stored": "state/journal.py",
    "not published": "publishing/delivery.py",
    "overwritten": "publishing/delivery.py",
    "not told": "notifying/courier.py",
    "heartbeat has stopped": "notifying/heartbeat.py",
    "not fetched": "notifying/heartbeat.py",
}
LINE = r"log\.\w+\(\s*f?\"[^\"]*\"|_PRESENCES.*?\}|\(\"[a-z ]+\", before|say\(f\"[^\"]*"
"""What is logged, as far as it is written out."""
STATES = {"failing", "held", "partial", "paused", "leaving"}
"""Words for how a sync is, in JSON and in the table of `status`."""
RUNS = {"overbooked": "overbooked", "possible ghost": "possible_ghost"}
"""Keys of a run of nights in JSON."""


def test_metrics_log_and_json_use_the_words() -> None:
    known = {matter.word for matter in Matter}
    assert (METRICS.keys() | LOGGED.keys() | STATES | RUNS.keys()) <= known
    overview = found()[Matter.OVERBOOKED][0]
    heartbeat = HeartbeatStatus(None, None, None)
    scene = Scene(overview.view, overview.config, reloaded=True, intervals={}, now=NOW, heartbeat=heartbeat)
    text = standing(scene, Counts())
    for word, name in METRICS.items():
        assert f"icalsyncd_{name}" in text
        assert set(word.split()) & set(name.split("_")), (word, name)
    for word, module in LOGGED.items():
        lines = re.findall(LINE, _text(module), re.DOTALL)
        assert any(word in line for line in lines), (word, module)
    source = _text("admin/status.py")
    for state in STATES:
        assert f'"{state}"' in source
    for key in RUNS.values():
        assert f'"{key}":' in source


def test_the_table_of_alerts_has_a_row_for_each_state() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    rows = {
        cells[0]: cells
        for cells in (
            [cell.strip() for cell in line.strip("|").split(" | ")]
            for line in text.partition("| it is called |")[2].partition("\n\n")[0].splitlines()[2:]
        )
    }
    assert rows.keys() == {matter.word for matter in Matter}
    for matter in Matter:
        word, sentence, alert, told, what_to_do = rows[matter.word]
        assert word in sentence.lower()
        assert alert.split(", ")[0] == (matter.value.alert or "none")
        assert ("not told" in told) is (matter.value.about is None)
        assert re.fullmatch(r"\[↓\]\(#[a-z-]+\)", what_to_do)
