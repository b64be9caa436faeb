"""A machine of its own with a real systemd: a container over an overlay of this one, without any network but loopback.

What is written in it goes to a tmpfs and is gone with it. The programs are this machine's, and the daemon is installed
in it from a wheel, as a host would do it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = PROJECT / "docs/install.md"
STATE = "/var/lib/icalsyncd"

_PYTHON = "/opt/python"
_LIBRARIES = "/opt/libraries"


class NoMachineError(Exception):
    """A container cannot be run here; the message says why."""


class Machine:
    """A running machine; commands are run in it as root."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def run(self, command: str, *, stdin: str | None = None, patience: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the machine and return what came of it."""
        inside = ["nsenter", f"--target={self._leader}", "--all", "env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin"]
        return subprocess.run(
            [*inside, "LANG=C.UTF-8", "sh", "-c", command],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=patience,
        )

    def says(self, command: str, *, patience: float = 60) -> str:
        """What a shell command that must succeed prints."""
        done = self.run(command, patience=patience)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def write(self, path: str, text: str, *, mode: str = "644", group: str = "root") -> None:
        """Put a whole file in the place of the one at *path*, as a careful editor does."""
        quoted, draft = shlex.quote(path), shlex.quote(f"{path}.new")
        done = self.run(
            f"mkdir -p $(dirname {quoted}) && cat > {draft} && chgrp {group} {draft} && chmod {mode} {draft} "
            f"&& mv {draft} {quoted}",
            stdin=text,
        )
        assert done.returncode == 0, done.stderr

    def until(self, command: str, wanted: str, patience: float = 20) -> str:
        """Run *command* until *wanted* is in what it prints; fail with the last output and the journal."""
        end = time.monotonic() + patience
        while True:
            done = self.run(command)
            if wanted in done.stdout:
                return done.stdout
            if time.monotonic() > end:
                journal = self.run("journalctl -u icalsyncd -n 40 --no-pager -o cat").stdout
                raise AssertionError(
                    f"not in {patience} s: {wanted!r} of {command}\n{done.stdout}{done.stderr}\n{journal}"
                )
            time.sleep(0.1)

    def link(self, sync: str) -> str:
        """The link of a sync, as the host gets it."""
        for row in json.loads(self.says(f"icalsyncd links --json --state-dir {STATE}")):
            if f"{row['accommodation']}/{row['sync']}" == sync:
                return str(row["url"])
        raise KeyError(sync)

    def shown(self, property: str, unit: str = "icalsyncd") -> str:
        """One property of a unit, as `systemctl show` has it."""
        return self.says(f"systemctl show --property={property} --value {unit}")


def guide(containing: str) -> str:
    """The commands of the install guide that are marked for this and contain a text."""
    marked = re.findall(r"<!-- run by tests/home -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = (block for block in marked if containing in block)
    return str(block)


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A booted machine in *folder*, with the daemon installed. Raises NoMachineError where there can be none."""
    disk, root = folder / "disk", folder / "root"
    disk.mkdir()
    root.mkdir()
    mounted: list[Path] = []
    container: subprocess.Popen[bytes] | None = None
    leader: int | None = None
    try:
        _mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", str(disk))
        mounted.append(disk)
        upper, work = disk / "upper", disk / "work"
        upper.mkdir()
        work.mkdir()
        _mount("-t", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", "overlay", str(root))
        mounted.append(root)
        _furnish(root)
        container, leader = _boot(root, folder / "console")
        made = Machine(root, leader)
        made.until("systemctl is-system-running; true", "ing", 30)
        made.until("systemctl is-active basic.target; true", "active", 30)
        _install(made, folder)
        yield made
    finally:
        if container is not None:
            # SIGTERM would be an orderly shutdown, and nothing in here is worth the wait
            if leader is not None:
                # the first process of a machine takes all others along; without its nspawn it would live on
                with suppress(ProcessLookupError):
                    os.kill(leader, signal.SIGKILL)
            container.kill()
            container.wait()
        for place in reversed(mounted):
            subprocess.run(["umount", "--recursive", "--lazy", place], check=False)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise NoMachineError(f"needs the right to mount: {done.stderr.strip()}")


def _furnish(root: Path) -> None:
    """Make the copy a machine of its own: no identity, no neighbours, no services but systemd's."""
    (root / "etc/machine-id").unlink(missing_ok=True)
    (root / "etc/machine-id").touch()
    (root / "etc/fstab").unlink(missing_ok=True)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    for place in (_PYTHON, _LIBRARIES):
        (root / place.lstrip("/")).mkdir(parents=True)
    if sys.base_prefix != "/usr":
        (root / "etc/ld.so.conf.d/python.conf").write_text(f"{_PYTHON}/lib\n", encoding="utf-8")


def _boot(root: Path, console: Path) -> tuple[subprocess.Popen[bytes], int]:
    python = [] if sys.base_prefix == "/usr" else [f"--bind-ro={sys.base_prefix}:{_PYTHON}"]
    old_layout = [] if Path("/sys/fs/cgroup/cgroup.controllers").exists() else ["systemd.unified_cgroup_hierarchy=0"]
    with console.open("wb") as log:
        container = subprocess.Popen(
            [
                *(
                    "systemd-nspawn",
                    f"--directory={root}",
                    f"--machine=icalsyncd-{os.getpid()}",
                    "--register=no",
                    "--keep-unit",
                ),
                *("--private-network", "--console=pipe", "--resolv-conf=off", "--timezone=off", *python),
                f"--bind-ro={sysconfig.get_path('purelib')}:{_LIBRARIES}",
                *("--boot", "systemd.unit=basic.target", "systemd.mask=systemd-firstboot.service", *old_layout),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    end = time.monotonic() + 15
    while container.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            children = Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text(encoding="ascii").split()
            for child in map(int, children):
                if Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() == "systemd":
                    return container, child
        time.sleep(0.05)
    container.kill()
    container.wait()
    raise NoMachineError(f"systemd-nspawn runs no container here: {console.read_text(errors='replace')[-400:]}")


def _install(made: Machine, folder: Path) -> None:
    """Install the daemon from a wheel in a virtual environment, as docs/install.md says, but without an index."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "wheel"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "wheel").glob("*.whl")
    (made.root / "opt" / wheel.name).write_bytes(wheel.read_bytes())
    python = f"{_PYTHON}/bin/python3" if sys.base_prefix != "/usr" else sys._base_executable
    made.says(f"ldconfig && {python} -m venv /opt/icalsyncd")
    made.says(f"/opt/icalsyncd/bin/pip install --quiet --no-index --no-deps /opt/{wheel.name}")
    # the libraries come from this machine's environment, so that no index is asked
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    made.says("ln -s /opt/icalsyncd/bin/icalsyncd /usr/local/bin/")
    made.says(f"echo {_LIBRARIES} > /opt/icalsyncd/lib/{version}/site-packages/libraries.pth")
