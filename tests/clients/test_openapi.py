"""The OpenAPI document against the daemon, by schemathesis: whatever is asked, the answer is one that is documented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icalsyncd.admin.openapi import openapi
from tests.clients.test_clients import CLIENTS, clients, house, run
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar, portals

__all__ = ["clients"]

pytestmark = pytest.mark.slow


def knowing_names() -> dict[str, Any]:
    """The document with names that there are, and some that there are not, so that questions reach something."""
    document = openapi()
    known = {"accommodation": ["casa-azul", "nowhere"], "sync": ["casa-azul/holidu", "casa-azul/x", "x"]}
    for operations in document["paths"].values():
        for operation in operations.values():
            for asked in operation["parameters"]:
                if asked["name"] in known:
                    asked["schema"] = {"enum": known[asked["name"]]}
    return document


async def test_schemathesis_finds_no_answer_that_is_not_documented(tmp_path: Path) -> None:
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body, second.body = calendar((10, 13)), calendar((12, 14))
        made.write(house(made, first, second))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        document = tmp_path / "openapi.json"
        document.write_text(json.dumps(knowing_names()), encoding="utf-8")
        # a 503 of health is an answer; a 500 is not documented
        checks = "status_code_conformance,content_type_conformance,response_schema_conformance"
        said = await run(
            *(CLIENTS / "bin/schemathesis", "run", document, "--url", f"http://127.0.0.1:{made.admin}"),
            *("--checks", checks, "--max-examples", "15", "--phases", "examples,fuzzing", "--mode", "all"),
            # this one goes on for as long as one listens
            *("--exclude-path", "/-/events"),
            *("--generation-deterministic", "--suppress-health-check", "all", "--no-color"),
            patience=120,
            cwd=tmp_path,
        )
        operations = sum(len(each) for each in openapi()["paths"].values())
        assert f"Tested: {operations - 1}\n" in said
        assert "Failures:" not in said
        assert "Traceback" not in made.words()
