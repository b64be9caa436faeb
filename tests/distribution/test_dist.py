"""What is given away: wheel, source archive, bill of materials and Debian package, each made and looked at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.end_to_end.daemon import Daemon
from tests.test_dependencies import locked

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def said(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def hatchling(folder: Path, tree: Path = ROOT) -> dict[str, Path]:
    """Wheel and source archive of *tree*, by their last suffix."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=tree, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in folder.iterdir()}


def test_wheel_and_source_archive_make_the_same_program(tmp_path: Path) -> None:
    made = hatchling(tmp_path / "dist")
    with tarfile.open(made[".gz"]) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = hatchling(tmp_path / "again", source)
    with zipfile.ZipFile(made[".whl"]) as one, zipfile.ZipFile(again[".whl"]) as other:
        assert [(each.filename, each.CRC) for each in one.infolist()] == [
            (each.filename, each.CRC) for each in other.infolist()
        ]
        assert not [name for name in one.namelist() if name.startswith("tests")]
    # installed as a host does, but with the libraries of this environment, so that no index is asked
    home = tmp_path / "home"
    said(sys.executable, "-m", "venv", "--without-pip", home)
    said(sys.executable, "-m", "pip", f"--python={home}/bin/python", "install", "--no-index", "--no-deps", made[".whl"])
    (site,) = home.glob("lib/*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    program = home / "bin/icalsyncd"
    assert said(program, "--version", PYTHONPATH="") == said(sys.executable, "-m", "icalsyncd", "--version")
    for what in ("unit", "schema", "dashboard", "alerts", "man"):
        assert said(program, "print", what, PYTHONPATH="")
    where = said(home / "bin/python", "-P", "-c", "import icalsyncd; print(icalsyncd.__file__)", PYTHONPATH="")
    assert Path(where.strip()).is_relative_to(home)
    it_runs(program, tmp_path)


def it_runs(program: Path, folder: Path) -> None:
    """The daemon runs from where *program* was installed, with its pages and its words, and ends in order."""
    home = Daemon(folder)
    home.write(
        home.head() + "accommodations:\n  casa: {timezone: UTC, syncs: {office: {portal: x, direction: export}}}\n"
    )
    where = ("--config", home.config, "--state-dir", home.state)
    # started elsewhere, so that nothing is found by chance
    alone = {"PYTHONPATH": "", "TZ": "UTC"}
    with home.log.open("wb") as log:
        running = subprocess.Popen(
            [program, "run", *where], cwd=folder, env={**os.environ, **alone}, stdout=log, stderr=log
        )
    try:
        asking = Request(f"http://127.0.0.1:{home.admin}/", headers={"Accept-Language": "es"})
        end = time.monotonic() + 60
        while True:
            try:
                with urlopen(asking, timeout=10) as answer:
                    page = answer.read().decode()
                break
            except OSError:
                assert running.poll() is None, home.words()
                assert time.monotonic() < end, home.words()
                time.sleep(0.1)
        assert '<html lang="es"' in page
        for command in (("healthcheck",), ("links",), ("status",)):
            assert said(program, *command, *where, **alone) or command == ("healthcheck",)
        running.terminate()
        assert running.wait(30) == 0, home.words()
    finally:
        running.kill()
        running.wait()


def test_the_bill_of_materials_names_all_that_is_brought_along() -> None:
    bill = json.loads(said(sys.executable, "distribution/sbom.py", "requirements.image.lock"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["name"]: part["version"] for part in bill["components"]} == locked("requirements.image.lock")
    for part in bill["components"]:
        assert part["purl"] == part["bom-ref"] == f"pkg:pypi/{part['name']}@{part['version']}"
    (depends,) = bill["dependencies"]
    assert set(depends["dependsOn"]) == {part["purl"] for part in bill["components"]}
    known = [part for part in bill["components"] if "licenses" in part]
    assert len(known) > len(bill["components"]) * 2 / 3


@pytest.mark.needs("dpkg-deb", "lintian", "strip")
def test_the_debian_package_has_no_error_of_lintian(deb: Path) -> None:
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", deb], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
    assert "E: " not in done.stdout
    listed = said("dpkg-deb", "--contents", deb)
    for path in (
        "./lib/systemd/system/icalsyncd.service",
        "./usr/lib/sysusers.d/icalsyncd.conf",
        "./etc/icalsyncd/",
        "./usr/bin/icalsyncd",
        "./usr/share/man/man1/icalsyncd.1.gz",
        "./usr/share/bash-completion/completions/icalsyncd",
        "./usr/share/zsh/vendor-completions/_icalsyncd",
        "./usr/share/fish/vendor_completions.d/icalsyncd.fish",
        "./usr/share/doc/icalsyncd/copyright",
    ):
        assert f" {path}\n" in listed, path
    control = said("dpkg-deb", "--field", deb, "Depends")
    minor = sys.version_info.minor
    assert re.search(rf"python3 \(>= 3\.{minor}\), python3 \(<< 3\.{minor + 1}\)", control)
