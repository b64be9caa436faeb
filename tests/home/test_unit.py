"""The files under systemd/ and the container's recipe, as far as they can be judged without running them."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.home.machine import GUIDE, PROJECT, guide

SYSTEMD = PROJECT / "systemd"
CONTAINERFILE = (PROJECT / "Containerfile").read_text(encoding="utf-8")


@pytest.fixture
def printed(tmp_path: Path) -> Path:
    """The unit as it is printed for a program that exists."""
    made = subprocess.run(
        [sys.executable, "-m", "icalsyncd", "print", "unit"], capture_output=True, text=True, check=True
    )
    unit = tmp_path / "icalsyncd.service"
    unit.write_text(made.stdout, encoding="utf-8")
    return unit


@pytest.mark.needs("systemd-analyze")
def test_systemd_rates_the_unit_at_one_and_a_half_or_better(printed: Path) -> None:
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", printed],
        capture_output=True,
        text=True,
    )
    assert rated.returncode == 0, rated.stdout


@pytest.mark.needs("systemd-analyze")
def test_systemd_finds_no_fault_in_the_units(printed: Path) -> None:
    socket = printed.with_suffix(".socket")
    socket.write_text((SYSTEMD / "icalsyncd.socket").read_text(encoding="utf-8"), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", printed, socket], capture_output=True, text=True)
    assert [line for line in verified.stderr.splitlines() if "icalsyncd" in line] == []


def test_every_line_of_the_unit_has_a_reason_above_it() -> None:
    paragraphs = (SYSTEMD / "icalsyncd.service").read_text(encoding="utf-8").partition("[Service]\n")[2]
    for paragraph in paragraphs.partition("[Install]")[0].strip().split("\n\n"):
        assert paragraph.startswith("# "), paragraph


def test_the_guide_has_the_units_that_are_shipped() -> None:
    without_comments = [
        line for line in (SYSTEMD / "icalsyncd.socket").read_text(encoding="utf-8").splitlines() if line[:1] != "#"
    ]
    assert "\n".join(without_comments).strip() in guide("FileDescriptorName=feeds")
    (user,) = (
        line for line in (SYSTEMD / "icalsyncd.sysusers").read_text(encoding="utf-8").splitlines() if line[:1] != "#"
    )
    assert user in guide("systemd-sysusers")


def instructions(keyword: str) -> list[str]:
    """The arguments of each instruction of that name in the container's recipe."""
    joined = re.sub(r"\s*\\\n\s*", " ", CONTAINERFILE)
    return [line.removeprefix(f"{keyword} ") for line in joined.splitlines() if line.startswith(f"{keyword} ")]


def test_the_container_has_a_user_without_rights_a_health_check_and_a_command_that_exist() -> None:
    assert instructions("USER") == ["5545:5545"]
    assert "--uid 5545" in instructions("RUN")[1]
    (entry,), (command,) = (json.loads(line)[:1] for line in instructions("ENTRYPOINT") + instructions("CMD"))
    (check,) = instructions("HEALTHCHECK")
    asked = json.loads(check.partition("CMD ")[2])
    assert entry == asked[0] == "icalsyncd"
    for words in ([command], asked[1:]):
        subprocess.run([sys.executable, "-m", "icalsyncd", *words, "--help"], check=True, capture_output=True)


def test_all_that_the_container_is_built_from_is_let_in_and_nothing_else() -> None:
    listed = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in listed if line.startswith("!")}
    assert "*" in listed
    assert {path for path in let_in if not (PROJECT / path).exists()} == set()
    assert not let_in & {".git", ".venv", "config.yaml", "tests", "."}
    shipped = re.findall(
        r'^"(\S+)" = "icalsyncd/', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    for path in (*shipped, "README.md", "LICENSE"):
        assert any(fnmatch.fnmatch(path, f"{allowed}*") for allowed in let_in), path


def needed_by(name: str) -> set[str]:
    """The distribution called *name* and all that it needs here."""
    found = {name}
    for wanted in map(Requirement, importlib.metadata.requires(name) or ()):
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            found |= needed_by(wanted.name)
    return found


def test_the_container_is_built_of_files_that_are_known_by_their_hashes() -> None:
    words = instructions("RUN")[0]
    assert words.count("--require-hashes") == 2
    assert "--no-deps --no-index" in words
    expression = shlex.split(words.partition("sed -n ")[2])[0]
    pinned = subprocess.run(
        ["sed", "-n", expression, PROJECT / "requirements.lock"], capture_output=True, text=True, check=True
    ).stdout
    # a wheel is built by these, and each has its hashes: one that is missing ends the build
    assert set(re.findall(r"^(\S+)==", pinned, re.MULTILINE)) == needed_by("hatchling")
    assert len(re.findall(r"--hash=sha256:\w{64}$", pinned, re.MULTILINE)) == len(needed_by("hatchling"))
    assert pinned.count("--hash") >= 10


def test_the_composed_container_is_the_one_of_the_guide() -> None:
    (service,) = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    asked = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    assert service["healthcheck"]["test"] == ["CMD", *asked]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    mounted = dict(volume.split(":", 1) for volume in service["volumes"])
    assert mounted == {"./config": "/etc/icalsyncd:ro", "state": "/var/lib/icalsyncd"}
    # the page is seen from this machine alone, whatever stands before the feeds
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert (PROJECT / service["build"]["dockerfile"]).exists()
    assert "compose.yaml" in GUIDE.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.needs("docker-compose")
def test_compose_reads_the_file_as_it_is_meant() -> None:
    done = subprocess.run(
        ["docker-compose", "--file", PROJECT / "compose.yaml", "config"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (service,) = yaml.safe_load(done.stdout)["services"].values()
    written = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"]["icalsyncd"]
    # nothing was left out because it was not known
    assert written.keys() <= service.keys()
