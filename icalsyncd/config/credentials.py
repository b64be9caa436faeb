"""Secrets that the config names instead of holding them: in files, and in environment variables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from icalsyncd.config import schema
from icalsyncd.config.mistakes import Remark
from icalsyncd.config.nodes import Path as Steps
from icalsyncd.config.places import AzurePlace, FolderPlace, GcsPlace, Place, S3Place, WebDavPlace
from icalsyncd.config.secret import Secret
from icalsyncd.state.files import NotRegularError, content

_LARGEST: Final = 2**20
_OF_SYSTEMD: Final = "$CREDENTIALS_DIRECTORY/"
# systemd sets the variable for the service alone; the commands of a host who may read there find the same files
_OF_THE_SERVICE: Final = "/run/credentials/icalsyncd.service"


class Credentials:
    """Reads what a config names, and keeps what was wrong, which files it looked at, and a digest of what it found.

    Relative files are looked up in *folder*; a file that begins with `$CREDENTIALS_DIRECTORY/` is one of the
    credentials that systemd gives to the service (systemd.exec(5), LoadCredential).
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.remarks: list[Remark] = []
        self.warnings: list[Remark] = []
        self.files: list[Path] = []
        self.digest = hashlib.sha256()
        self._folder = folder
        self._environ = environ

    def named(self, keys: schema.Keys, key: str, path: Steps) -> Secret | None:
        """The secret *key* of *keys*, which stand at *path*: written there, in KEY_file, or in KEY_env."""
        places = [name for name in (key, f"{key}_file", f"{key}_env") if getattr(keys, name, None) is not None]
        for name in places[1:]:
            self.remarks.append(Remark((*path, name), f"`{places[0]}` is there as well: only one of them can hold"))
        if not places:
            return None
        written = getattr(keys, places[0])
        if places[0].endswith("_file"):
            value = self._in_file(written, (*path, places[0]))
        elif places[0].endswith("_env"):
            value = self._in_variable(written, (*path, places[0]))
        else:
            value = written
        if value is None:
            return None
        self.digest.update(len(value).to_bytes(4, "big") + value.encode("utf-8", "surrogatepass"))
        return Secret(value)

    def place(self, target: schema.Target, path: Steps) -> Place:
        """Where *target*, which stands at *path*, publishes, with its credentials."""
        match target:
            case schema.Folder():
                return FolderPlace(self._folder / target.path)
            case schema.WebDav():
                user, password = self.named(target, "username", path), self.named(target, "password", path)
                return WebDavPlace(target.url, user, password)
            case schema.S3():
                key, secret = self.named(target, "access_key_id", path), self.named(target, "secret_access_key", path)
                return S3Place(target.bucket, target.prefix, target.region, target.endpoint, key, secret)
            case schema.Gcs():
                account = target.service_account_file
                if account is not None:
                    self.named(target, "service_account", path)
                return GcsPlace(target.bucket, target.prefix, self._file(account) if account is not None else None)
            case schema.Azure():
                return AzurePlace(
                    target.account, target.container, target.prefix, self.named(target, "account_key", path)
                )

    def watch(self, path: Path) -> None:
        """Have a change of the file at *path*, which is not looked into here, count as one of the config."""
        self.files.append(path)
        try:
            self.digest.update(hashlib.sha256(content(path, _LARGEST).data).digest())
        except OSError:
            # whoever checks the config may be another user than the daemon, which tells what it cannot read
            self.digest.update(b"\0")

    def _file(self, name: str) -> Path:
        if name.startswith(_OF_SYSTEMD):
            return Path(self._environ.get("CREDENTIALS_DIRECTORY") or _OF_THE_SERVICE, name.removeprefix(_OF_SYSTEMD))
        return self._folder / name

    def _in_file(self, name: str, path: Steps) -> str | None:
        file = self._file(name)
        self.files.append(file)
        try:
            found = content(file, _LARGEST)
            value = found.data.decode("utf-8").strip()
        except FileNotFoundError:
            self.remarks.append(Remark(path, "there is no such file"))
            return None
        except NotRegularError:
            self.remarks.append(Remark(path, "names something that is no file"))
            return None
        except (OSError, ValueError) as error:
            self.remarks.append(Remark(path, f"the file cannot be read ({type(error).__name__})"))
            return None
        if not value or len(found.data) > _LARGEST:
            self.remarks.append(Remark(path, "the file holds more than a secret" if value else "the file is empty"))
            return None
        if "\0" in value:
            # no URL, name or password has one, and some of those who are given them end in a bug
            self.remarks.append(Remark(path, "the file holds no text"))
            return None
        if found.is_open_to_others:
            self.warnings.append(Remark(path, "others can read this file, and it holds a secret: chmod 600"))
        return value

    def _in_variable(self, name: str, path: Steps) -> str | None:
        value = self._environ.get(name, "").strip()
        if not value:
            self.remarks.append(Remark(path, "the environment has no such variable, or an empty one"))
        return value or None
