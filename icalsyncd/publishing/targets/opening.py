"""From what the config says of a target to the place itself."""

from __future__ import annotations

from icalsyncd.config import places
from icalsyncd.config.secret import Secret
from icalsyncd.publishing.targets.folder import FolderStorage
from icalsyncd.publishing.targets.objects import ObjectStorage
from icalsyncd.publishing.targets.storage import Storage
from icalsyncd.publishing.targets.webdav import WebDavStorage


def open_storage(place: places.Place) -> Storage:
    """The place that the config names; nothing is connected to yet."""
    match place:
        case places.FolderPlace():
            return FolderStorage(place.path)
        case places.WebDavPlace():
            return WebDavStorage(place.url, place.username, place.password)
        case places.S3Place() | places.GcsPlace() | places.AzurePlace():
            return ObjectStorage(place)


def describe(place: places.Place) -> str:
    """What tells one place from another, without credentials: another account's folder is another URL or bucket."""
    match place:
        case places.FolderPlace():
            return f"folder\0{place.path}"
        case places.WebDavPlace():
            return f"webdav\0{place.url}"
        case places.S3Place():
            return f"s3\0{place.endpoint}\0{place.bucket}\0{place.prefix}"
        case places.GcsPlace():
            return f"gcs\0{place.bucket}\0{place.prefix}"
        case places.AzurePlace():
            return f"azure\0{place.account}\0{place.container}\0{place.prefix}"


def secrets_of(place: places.Place) -> tuple[Secret, ...]:
    """The credentials that must show nowhere."""
    match place:
        case places.WebDavPlace():
            given: tuple[Secret | None, ...] = (place.password,)
        case places.S3Place():
            given = (place.access_key_id, place.secret_access_key)
        case places.AzurePlace():
            given = (place.account_key,)
        case places.FolderPlace() | places.GcsPlace():
            given = ()
    return tuple(secret for secret in given if secret is not None)


def kind_of(place: places.Place) -> str:
    """The `type` of the config."""
    match place:
        case places.FolderPlace():
            return "folder"
        case places.WebDavPlace():
            return "webdav"
        case places.S3Place():
            return "s3"
        case places.GcsPlace():
            return "gcs"
        case places.AzurePlace():
            return "azure"
