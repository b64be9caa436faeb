"""A Debian package of the tree as it lies there, with the libraries of this environment: `make deb`.

    python distribution/deb.py FOLDER

The libraries were installed by the hashes of the lock file. They are bound to one version of Python, and the package says so.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from email.utils import formatdate
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from distribution.sbom import PINNED, version  # noqa: E402
from icalsyncd.commands.arguments import parser  # noqa: E402
from icalsyncd.commands.completion import completion  # noqa: E402
from icalsyncd.commands.man_page import man_page  # noqa: E402
from icalsyncd.commands.said import program  # noqa: E402

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HOME = "usr/lib/icalsyncd"
SITE = f"{HOME}/lib/python{PYTHON}/site-packages"
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/icalsyncd",
    "zsh": "usr/share/zsh/vendor-completions/_icalsyncd",
    "fish": "usr/share/fish/vendor_completions.d/icalsyncd.fish",
}
CONTROL = """\
Package: icalsyncd
Version: {version}
Architecture: {architecture}
Maintainer: the icalsyncd project <icalsyncd@users.noreply.github.com>
Installed-Size: {size}
Depends: python3 (>= {python}), python3 (<< {next}), libc6 (>= 2.34), libgcc-s1, libstdc++6, ca-certificates, systemd
Section: net
Priority: optional
Homepage: https://github.com/icalsyncd/icalsyncd
Description: keeps availability in step across booking portals by iCal
 A daemon for a host's home server. Every 30 minutes it pulls the calendars of
 the portals on which a house is listed, works out which nights are taken and
 by whom, and serves each portal the calendar of the nights that it must close.
 .
 It carries availability only: no prices, no guests, no reservations.
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: icalsyncd
Source: https://github.com/icalsyncd/icalsyncd

Files: *
Copyright: the icalsyncd project
License: MIT
{licence}

Files: usr/lib/icalsyncd/*
Copyright: the authors of each library, as its dist-info folder names them
License: as-named-there
 Each library below /{site} has a folder NAME.dist-info
 beside it, with its licence.
"""


def build(folder: Path) -> Path:
    """The package, in *folder*."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    _libraries(tree / SITE)
    _program(tree)
    _beside(tree)
    subprocess.run(["strip", "--strip-unneeded", *tree.rglob("*.so"), *tree.rglob("*.so.[0-9]*")], check=True)
    _modes(tree)
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    _debian(tree, size)
    architecture = _said("dpkg", "--print-architecture")
    made = folder / f"icalsyncd_{version()}_{architecture}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", tree, made], check=True, capture_output=True
    )
    shutil.rmtree(tree)
    return made


def _libraries(site: Path) -> None:
    for name, pinned in PINNED.findall((ROOT / "requirements.image.lock").read_text(encoding="utf-8")):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # of another system or another Python
        if found.version != pinned:
            raise SystemExit(f"{name} is {found.version} here and {pinned} in the lock file: make setup")
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if not source.is_file() or {"..", "__pycache__", "tests", ".gitignore"} & set(file.parts):
                continue
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _program(tree: Path) -> None:
    shutil.copytree(ROOT / "icalsyncd", tree / SITE / "icalsyncd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "systemd", tree / SITE / "icalsyncd/systemd")
    home = tree / HOME
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to("/usr/bin/python3")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (tree / "usr/bin").mkdir()
    _write(
        tree / "usr/bin/icalsyncd",
        f"#!/{HOME}/bin/python\nimport sys\n\nfrom icalsyncd.cli import main\n\nsys.exit(main())\n",
    )


def _beside(tree: Path) -> None:
    unit = (ROOT / "systemd/icalsyncd.service").read_text(encoding="utf-8")
    _write(tree / "lib/systemd/system/icalsyncd.service", unit.replace("@ICALSYNCD@", "/usr/bin/icalsyncd"))
    _write(tree / "usr/lib/sysusers.d/icalsyncd.conf", (ROOT / "systemd/icalsyncd.sysusers").read_text())
    (tree / "etc/icalsyncd").mkdir(parents=True)
    said = program(parser())
    for shell, path in COMPLETIONS.items():
        _write(tree / path, completion(shell, said))
    doc = tree / "usr/share/doc/icalsyncd"
    _packed(tree / "usr/share/man/man1/icalsyncd.1.gz", man_page(said))
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()
    indented = "\n".join(f" {line}" if line.strip() else " ." for line in licence.splitlines())
    _write(doc / "copyright", COPYRIGHT.format(licence=indented, site=SITE))
    _write(doc / "examples/config.yaml", (ROOT / "config.example.yaml").read_text(encoding="utf-8"))
    # the time of the last commit, so that the same tree gives the same package
    when = formatdate(float(os.environ.get("SOURCE_DATE_EPOCH", _said("git", "log", "-1", "--format=%ct") or 0)))
    entry = f"icalsyncd ({version()}) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n"
    _packed(doc / "changelog.gz", f"{entry} -- the icalsyncd project <icalsyncd@users.noreply.github.com>  {when}\n")
    _write(tree / "usr/share/lintian/overrides/icalsyncd", (ROOT / "distribution/debian/overrides").read_text())


def _modes(tree: Path) -> None:
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path == tree / "usr/bin/icalsyncd" else 0o644)


def _debian(tree: Path, size: int) -> None:
    control = CONTROL.format(
        version=version(),
        architecture=_said("dpkg", "--print-architecture"),
        size=size,
        python=PYTHON,
        next=f"{sys.version_info.major}.{sys.version_info.minor + 1}",
    )
    _write(tree / "DEBIAN/control", control)
    for name in ("postinst", "prerm", "postrm"):
        _write(tree / "DEBIAN" / name, (ROOT / "distribution/debian" / name).read_text())
        (tree / "DEBIAN" / name).chmod(0o755)


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    (chosen,) = sys.argv[1:]
    Path(chosen).mkdir(parents=True, exist_ok=True)
    print(build(Path(chosen)))
