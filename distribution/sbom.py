"""The bill of materials: what the program brings along, as CycloneDX 1.6, from the lock file and the installed packages.

python distribution/sbom.py requirements.image.lock > icalsyncd.cdx.json
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^ ;\\]+)", re.MULTILINE)


def version() -> str:
    """The program's own."""
    (found,) = re.findall(r'__version__ = "([^"]+)"', (ROOT / "icalsyncd/__init__.py").read_text(encoding="utf-8"))
    return str(found)


def bill(lock: Path) -> dict[str, Any]:
    """The bill of what *lock* pins. The same lock gives the same bill."""
    own = f"pkg:pypi/icalsyncd@{version()}"
    parts = [_component(name, pinned) for name, pinned in PINNED.findall(lock.read_text(encoding="utf-8"))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "icalsyncd",
                "version": version(),
                "purl": own,
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _component(name: str, pinned: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{pinned}"
    part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": pinned, "purl": purl}
    try:
        known = metadata(name)
    except PackageNotFoundError:
        # of another system
        return part
    licence = known.get("License-Expression")
    if licence:
        part["licenses"] = [{"expression": licence}]
    elif (named := known.get("License")) and "\n" not in named:
        part["licenses"] = [{"license": {"name": named}}]
    return part


if __name__ == "__main__":
    print(json.dumps(bill(Path(sys.argv[1])), indent=1))
