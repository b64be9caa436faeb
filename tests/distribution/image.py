"""A container's image, built and run as the guide says, on a machine without a registry of images and with no network
for what runs: the base is made of the distribution's packages, and what pip may take was downloaded before.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BASE = "localhost/base:made"
_BUILDER = re.compile(r"sed -n '([^']+)' requirements\.lock")
"""How the recipe takes what builds the wheel out of the lock."""

_MAKE_SYSTEM = """\
mount -t tmpfs tmpfs "$1"
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$0" "$1" "$2"
rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
ln -s /usr/bin/python3 "$1/usr/local/bin/python"
tar -C "$1" -cf "$3" .
"""


class Containers:
    """Images and containers in a store of its own in *folder*; nothing of it is left outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "tmp").mkdir(parents=True)
        settings = folder / "storage.conf"
        settings.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/store"\n')
        self._environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(settings), "TMPDIR": str(folder / "tmp")}

    def does(self, *command: str | Path, patience: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command of podman or buildah, and return what came of it."""
        # a control group that is half of one kind and half of another is no use to it: it is not seen in here
        hidden = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; exec "$@"'
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", hidden, "sh", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
            env=self._environment,
            cwd=ROOT,
        )

    def says(self, *command: str | Path, patience: float = 60) -> str:
        """What a command that must succeed prints."""
        done = self.does(*command, patience=patience)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def make_base(self) -> str:
        """An image of the distribution's smallest system with Python, as the one that is named in the recipe."""
        system, archive = self._folder / "system", self._folder / "system.tar"
        system.mkdir()
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
        mirrors = self.says("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").splitlines()
        # in memory: on a disk each file would be waited for
        self.says(
            "sh", "-ec", _MAKE_SYSTEM, release["VERSION_CODENAME"].strip('"'), system, mirrors[0], archive, patience=600
        )
        container = self.says("buildah", "from", "scratch")
        self.says("buildah", "add", "-q", container, archive, "/", patience=120)
        path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.says("buildah", "config", "--env", path, container)
        self.says("buildah", "commit", "-q", "--rm", container, _BASE, patience=120)
        archive.unlink()
        return _BASE

    def build(self, base: str, name: str) -> None:
        """The image of the tree, by the recipe, on *base*."""
        asking = self.says("buildah", "from", base)
        inside = ("buildah", "run", "--isolation", "chroot", asking, "--")
        version = self.says(*inside, "python", "-c", "import sys; print(*sys.version_info[:2], sep='.')")
        self.says("buildah", "rm", asking)
        wheels = self._folder / "wheels"
        builder = self._folder / "builder.lock"
        builder.write_text(
            self.says("sed", "-n", *_BUILDER.findall((ROOT / "Containerfile").read_text()), "requirements.lock")
        )
        for lock in (ROOT / "requirements.image.lock", builder):
            self.says(
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                "--require-hashes", "--no-deps", "--only-binary=:all:", "--python-version", version,
                "--dest", wheels, "--requirement", lock, patience=300,
            )  # fmt: skip
        offline = self._folder / "pip.conf"
        offline.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
        self.says(
            "podman", "build", "--isolation", "chroot", "--layers=false", "--pull=never", "--format", "docker",
            "--build-arg", f"BASE={base}", "--volume", f"{wheels}:/wheels:ro",
            "--volume", f"{offline}:/etc/pip.conf:ro", "--tag", name, ".", patience=600,
        )  # fmt: skip

    def run(self, image: str, name: str, config: Path) -> None:
        """Start the container as the guide does, but for its network, which has nothing but loopback."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1], resource.getrlimit(resource.RLIMIT_NPROC)[1]
        files, processes = (min(each, 4096) if each > 0 else 4096 for each in most)
        self.says(
            "podman", "run", "-d", "--name", name, "--read-only", "--cap-drop=all",
            "--security-opt=no-new-privileges",
            "--volume", f"{config}:/etc/icalsyncd:ro", "--volume", f"{name}:/var/lib/icalsyncd",
            "--network=none",
            # what this machine may not have: a manager of services for timers, and control groups
            "--cgroups=disabled", "--health-interval=disable", "--log-driver=k8s-file",
            f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}",
            image,
        )  # fmt: skip

    def close(self) -> None:
        """End what runs, and remove all of it."""
        self.does("podman", "rm", "--all", "--force", "--time", "1")
        self.does("podman", "rmi", "--all", "--force", patience=120)


@contextmanager
def containers(folder: Path) -> Iterator[Containers]:
    """A store of images that is gone when the block ends."""
    made = Containers(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
