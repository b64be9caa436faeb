"""From what the config says of a target to the place itself."""

from __future__ import annotations

from icalsyncd import configured
from icalsyncd.secret import Secret
from icalsyncd.targets.folder import Folder
from icalsyncd.targets.objects import Objects
from icalsyncd.targets.storage import Storage
from icalsyncd.targets.webdav import WebDav


def open_storage(place: configured.Place) -> Storage:
    """The place that the config names; nothing is connected to yet."""
    match place:
        case configured.Folder():
            return Folder(place.path)
        case configured.WebDav():
            return WebDav(place.url, place.username, place.password)
        case configured.S3() | configured.Gcs() | configured.Azure():
            return Objects(place)


def describe(place: configured.Place) -> str:
    """What tells one place from another, without credentials: another account's folder is another URL or bucket."""
    match place:
        case configured.Folder():
            return f"folder\0{place.path}"
        case configured.WebDav():
            return f"webdav\0{place.url}"
        case configured.S3():
            return f"s3\0{place.endpoint}\0{place.bucket}\0{place.prefix}"
        case configured.Gcs():
            return f"gcs\0{place.bucket}\0{place.prefix}"
        case configured.Azure():
            return f"azure\0{place.account}\0{place.container}\0{place.prefix}"


def secrets_of(place: configured.Place) -> tuple[Secret, ...]:
    """The credentials that must show nowhere."""
    match place:
        case configured.WebDav():
            given: tuple[Secret | None, ...] = (place.password,)
        case configured.S3():
            given = (place.access_key_id, place.secret_access_key)
        case configured.Azure():
            given = (place.account_key,)
        case configured.Folder() | configured.Gcs():
            given = ()
    return tuple(secret for secret in given if secret is not None)


def kind_of(place: configured.Place) -> str:
    """The `type` of the config."""
    return type(place).__name__.lower()
