"""The Grafana dashboard as it is shipped: what it asks for exists, can be asked, and leaves no alert out."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from yaml import safe_dump

from tests.admin.test_alerts import alerts
from tests.admin.test_metrics import text_of
from tests.benchmarks.metrics import scene_of

DATA = files("icalsyncd.admin").joinpath("data")
DASHBOARD = json.loads(DATA.joinpath("dashboard.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def names_in(*queries: str) -> set[str]:
    """The metrics of ours that *queries* name, a histogram by its own name."""
    found = re.findall(r"icalsyncd_\w+", " ".join(queries))
    return {name.removesuffix("_bucket") for name in found}


def test_every_metric_that_dashboard_and_alerts_ask_for_exists() -> None:
    asked = names_in(*QUERIES, *(alert["expr"] for alert in alerts()))
    exposed = set(re.findall(r"^# TYPE (\w+)", text_of(scene_of(1)), re.MULTILINE))
    assert asked - exposed == set()


def test_whatever_raises_an_alert_is_seen_on_the_dashboard() -> None:
    shown = names_in(*QUERIES)
    unseen = [alert["alert"] for alert in alerts() if not (names := names_in(alert["expr"])) & shown and names]
    assert unseen == []


@pytest.mark.needs("promtool")
def test_every_query_of_the_dashboard_can_be_read_by_prometheus(tmp_path: Path) -> None:
    rules = [
        {"record": f"query_{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(QUERIES)
    ]
    (tmp_path / "rules.yaml").write_text(safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(QUERIES)} rules found" in done.stdout


def test_no_panel_lies_over_another_and_each_has_a_number_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
