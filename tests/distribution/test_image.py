"""The container's image: built by the recipe, and run as the guide does it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distribution.image import ROOT, Containers, containers

WANTED = bool(os.environ.get("ICALSYNCD_IMAGE"))
"""It takes minutes: `make image` wants that."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not WANTED, reason="the image is tested by `make image`")]
if WANTED:
    pytestmark.append(pytest.mark.needs("podman", "buildah", "crun", "debootstrap", "unshare"))

CONFIG = """\
terms: accepted
server: {admin: 0.0.0.0:15545}
accommodations:
  casa-azul:
    timezone: Europe/Madrid
    blocks: [{from: 2030-01-10, to: 2030-01-12}]
    syncs: {website: {portal: website, direction: export}}
"""
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Containers]:
    """A container engine with a store of its own."""
    with containers(tmp_path / "containers") as made:
        yield made


def test_it_is_built_of_the_lock_and_lives_read_only_without_rights(engine: Containers, tmp_path: Path) -> None:
    engine.build(engine.make_base(), "icalsyncd")

    config = tmp_path / "config"
    config.mkdir(mode=0o750)
    (config / "config.yaml").write_text(CONFIG)
    (config / "config.yaml").chmod(0o640)
    for path in (config, config / "config.yaml"):
        os.chown(path, 0, 5545)
    engine.run("icalsyncd", "ic", config)

    end = time.monotonic() + 60
    while engine.does("podman", "healthcheck", "run", "ic").returncode:
        assert time.monotonic() < end, engine.does("podman", "logs", "ic")
        time.sleep(0.2)

    # nothing is installed that the lock does not name, and all that it names for this machine
    asked = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
    installed = engine.says("podman", "exec", "ic", "python", "-c", asked)
    locked = set(re.findall(r"^[\w.-]+==[^ ;]+", (ROOT / "requirements.image.lock").read_text(), re.MULTILINE))
    own = {"icalsyncd", "pip", "setuptools"}
    names = {normal(line) for line in installed.splitlines() if line.partition("==")[0] not in own}
    assert names <= {normal(line) for line in locked}
    assert len(names) > 20

    inside = engine.says("podman", "exec", "ic", "cat", "/proc/1/status")
    facts = dict(re.findall(r"^(\w+):\t(.*)$", inside, re.MULTILINE))
    assert facts["Uid"].split() == ["5545"] * 4
    assert facts["CapEff"] == facts["CapPrm"] == facts["CapBnd"] == "0" * 16
    assert facts["NoNewPrivs"] == "1"
    assert "Read-only file system" in engine.does("podman", "exec", "--user=0", "ic", "touch", "/x").stderr

    (link,) = (each["url"] for each in json.loads(engine.says("podman", "exec", "ic", "icalsyncd", "links", "--json")))
    link = re.sub("//[^/]*/", "//127.0.0.1:5545/", link)
    feed = engine.says("podman", "exec", "ic", "python", "-c", FETCH, link)
    assert "DTSTART;VALUE=DATE:20300110" in feed

    # it ends at once when asked to, and goes on where it was
    begun = time.monotonic()
    engine.says("podman", "stop", "--time=10", "ic")
    assert time.monotonic() - begun < 9
    assert engine.says("podman", "inspect", "--format={{.State.ExitCode}}", "ic") == "0"
    engine.says("podman", "start", "ic")
    end = time.monotonic() + 60
    while engine.does("podman", "healthcheck", "run", "ic").returncode:
        assert time.monotonic() < end, engine.does("podman", "logs", "ic")
        time.sleep(0.2)
    assert engine.says("podman", "exec", "ic", "python", "-c", FETCH, link) == feed


def normal(requirement: str) -> str:
    """A name and its version, written in one way."""
    return re.sub("[-_.]+(?=.*==)", "-", requirement).lower()
