"""What docs/publish.md tells the host to write can be written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icalsyncd.config.loading import Accepted, parse

PAGE = (Path(__file__).parents[2] / "docs" / "publish.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_is_a_config(recipe: str, tmp_path: Path) -> None:
    for name in re.findall(r"_file: (\S+?)[,}\s]", recipe):
        (tmp_path / name).write_text("something")
        (tmp_path / name).chmod(0o600)
    text = (
        f"terms: accepted\n{recipe}"
        "accommodations:\n  casa:\n    timezone: UTC\n    syncs:\n      agoda: {portal: agoda, direction: export}\n"
    )
    loaded = parse(text, tmp_path / "config.yaml", {})
    assert isinstance(loaded, Accepted), loaded
    assert not loaded.warnings


def test_the_page_has_a_recipe_for_each_kind() -> None:
    kinds = set(re.findall(r"type: (\w+)", "".join(RECIPES)))
    assert kinds == {"folder", "webdav", "s3", "gcs", "azure"}


def test_what_is_not_encrypted_is_said(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("something")
    (tmp_path / "password").chmod(0o600)
    target = (
        "publish:\n  - {name: dav, type: webdav, url: 'http://dav.example.org/x', public_url: 'http://cal.example.org', "
        "username: me, password_file: password}\n"
    )
    text = f"terms: accepted\n{target}accommodations: {{}}\n"
    loaded = parse(text, tmp_path / "config.yaml", {})
    assert isinstance(loaded, Accepted), loaded
    said = [str(each) for each in loaded.warnings]
    assert sum("read the password" in each for each in said) == 1, said
    assert sum("read the links" in each for each in said) == 1, said
    loaded = parse(text.replace("http:", "https:"), tmp_path / "config.yaml", {})
    assert isinstance(loaded, Accepted), loaded
    assert not loaded.warnings
