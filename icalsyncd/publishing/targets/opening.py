"""From what the config says of a target to the place itself."""

from __future__ import annotations

from icalsyncd.config import resolved
from icalsyncd.config.secret import Secret
from icalsyncd.publishing.targets.folder import FolderStorage
from icalsyncd.publishing.targets.objects import ObjectStorage
from icalsyncd.publishing.targets.storage import Storage
from icalsyncd.publishing.targets.webdav import WebDavStorage


def open_storage(place: resolved.Place) -> Storage:
    """The place that the config names; nothing is connected to yet."""
    match place:
        case resolved.FolderPlace():
            return FolderStorage(place.path)
        case resolved.WebDavPlace():
            return WebDavStorage(place.url, place.username, place.password)
        case resolved.S3Place() | resolved.GcsPlace() | resolved.AzurePlace():
            return ObjectStorage(place)


def describe(place: resolved.Place) -> str:
    """What tells one place from another, without credentials: another account's folder is another URL or bucket."""
    match place:
        case resolved.FolderPlace():
            return f"folder\0{place.path}"
        case resolved.WebDavPlace():
            return f"webdav\0{place.url}"
        case resolved.S3Place():
            return f"s3\0{place.endpoint}\0{place.bucket}\0{place.prefix}"
        case resolved.GcsPlace():
            return f"gcs\0{place.bucket}\0{place.prefix}"
        case resolved.AzurePlace():
            return f"azure\0{place.account}\0{place.container}\0{place.prefix}"


def secrets_of(place: resolved.Place) -> tuple[Secret, ...]:
    """The credentials that must show nowhere."""
    match place:
        case resolved.WebDavPlace():
            given: tuple[Secret | None, ...] = (place.password,)
        case resolved.S3Place():
            given = (place.access_key_id, place.secret_access_key)
        case resolved.AzurePlace():
            given = (place.account_key,)
        case resolved.FolderPlace() | resolved.GcsPlace():
            given = ()
    return tuple(secret for secret in given if secret is not None)


def kind_of(place: resolved.Place) -> str:
    """The `type` of the config."""
    match place:
        case resolved.FolderPlace():
            return "folder"
        case resolved.WebDavPlace():
            return "webdav"
        case resolved.S3Place():
            return "s3"
        case resolved.GcsPlace():
            return "gcs"
        case resolved.AzurePlace():
            return "azure"
