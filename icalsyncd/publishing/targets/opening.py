"""From what the config says of a target to the place itself."""

from __future__ import annotations

from icalsyncd.config import resolved
from icalsyncd.config.secret import Secret
from icalsyncd.publishing.targets.folder import Folder
from icalsyncd.publishing.targets.objects import Objects
from icalsyncd.publishing.targets.storage import Storage
from icalsyncd.publishing.targets.webdav import WebDav


def open_storage(place: resolved.Place) -> Storage:
    """The place that the config names; nothing is connected to yet."""
    match place:
        case resolved.Folder():
            return Folder(place.path)
        case resolved.WebDav():
            return WebDav(place.url, place.username, place.password)
        case resolved.S3() | resolved.Gcs() | resolved.Azure():
            return Objects(place)


def describe(place: resolved.Place) -> str:
    """What tells one place from another, without credentials: another account's folder is another URL or bucket."""
    match place:
        case resolved.Folder():
            return f"folder\0{place.path}"
        case resolved.WebDav():
            return f"webdav\0{place.url}"
        case resolved.S3():
            return f"s3\0{place.endpoint}\0{place.bucket}\0{place.prefix}"
        case resolved.Gcs():
            return f"gcs\0{place.bucket}\0{place.prefix}"
        case resolved.Azure():
            return f"azure\0{place.account}\0{place.container}\0{place.prefix}"


def secrets_of(place: resolved.Place) -> tuple[Secret, ...]:
    """The credentials that must show nowhere."""
    match place:
        case resolved.WebDav():
            given: tuple[Secret | None, ...] = (place.password,)
        case resolved.S3():
            given = (place.access_key_id, place.secret_access_key)
        case resolved.Azure():
            given = (place.account_key,)
        case resolved.Folder() | resolved.Gcs():
            given = ()
    return tuple(secret for secret in given if secret is not None)


def kind_of(place: resolved.Place) -> str:
    """The `type` of the config."""
    return type(place).__name__.lower()
