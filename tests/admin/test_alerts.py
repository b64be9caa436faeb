"""The alert rules as they are shipped."""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from yaml import safe_load

RULES = files("icalsyncd.admin").joinpath("data", "alerts.yaml").read_text(encoding="utf-8")
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TESTS = (HERE / "alerts_test.yaml", HERE / "alerts_of_days_test.yaml")
REPOSITORY = "https://github.com/icalsyncd/icalsyncd/blob/main/"


def alerts() -> list[dict[str, dict[str, str]]]:
    return [rule for group in safe_load(RULES)["groups"] for rule in group["rules"]]


@pytest.mark.slow
@pytest.mark.needs("promtool")
def test_the_rules_raise_what_they_should_and_nothing_that_heals_by_itself() -> None:
    done = subprocess.run(["promtool", "test", "rules", *TESTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_unit_test() -> None:
    tested = "".join(path.read_text(encoding="utf-8") for path in TESTS)
    assert [alert["alert"] for alert in alerts() if f'alertname="{alert["alert"]}"' not in tested] == []


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}


def test_every_runbook_link_leads_to_a_heading() -> None:
    for alert in alerts():
        file, _, anchor = alert["annotations"]["runbook_url"].removeprefix(REPOSITORY).partition("#")
        text = (ROOT / file).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert anchor in headings
