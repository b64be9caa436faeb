"""Names what of a lock file the registry has yanked or superseded. Exits 1 where something is yanked.

It asks through uv, as this machine's uv is set up to ask, and installs nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_UV = str(Path(sys.executable).with_name("uv"))


def asked(*arguments: str) -> tuple[str, str]:
    """What uv answers, and what it remarks."""
    done = subprocess.run([_UV, "pip", *arguments], check=True, capture_output=True, text=True)  # noqa: S603  # uv alone
    return done.stdout, done.stderr


def main(lock: str) -> int:
    """Print one line for each package that is yanked or superseded."""
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", Path(lock).read_text(encoding="utf-8"), re.MULTILINE))
    with TemporaryDirectory() as nowhere:
        _, remarks = asked("install", "--dry-run", "--no-deps", "--require-hashes", "--target", nowhere, "-r", lock)
    yanked = [line for line in remarks.splitlines() if "yanked" in line]
    for line in yanked:
        print(line)
    installed, _ = asked("list", "--python", sys.executable, "--outdated", "--format", "json")
    for each in json.loads(installed):
        if each["name"] in locked:
            print(f"{each['name']} {locked[each['name']]}: there is {each['latest_version']}")
    print(f"{len(locked)} packages of {lock} were looked up")
    return 1 if yanked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
