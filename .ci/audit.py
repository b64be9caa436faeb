"""Names what of a lock file the registry has yanked or superseded. Exits 1 where something is yanked.

It asks through pip, as this machine's pip is set up to ask.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def asked(*arguments: str) -> Any:
    """What pip answers, from JSON."""
    command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603  # pip alone


def main(lock: str) -> int:
    """Print one line for each package that is yanked or superseded."""
    report = asked("install", "-qq", "--dry-run", "--ignore-installed", "--no-deps", "--report", "-", "-r", lock)
    locked = {each["metadata"]["name"].lower().replace("_", "-"): each for each in report["install"]}
    yanked = [each["metadata"] for each in locked.values() if each["is_yanked"]]
    for metadata in yanked:
        print(f"{metadata['name']} {metadata['version']} is yanked")
    for each in asked("list", "-qq", "--outdated", "--format=json"):
        name = each["name"].lower().replace("_", "-")
        if name in locked:
            print(f"{each['name']} {locked[name]['metadata']['version']}: there is {each['latest_version']}")
    print(f"{len(locked)} packages of {lock} were looked up")
    return 1 if yanked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
