"""The shared cloud as the config says it: places where feeds are put, and what is put there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from icalsyncd.config.secret import Secret


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of this machine that another program serves or copies."""

    path: Path


@dataclass(frozen=True, slots=True)
class WebDavPlace:
    """A folder of a WebDAV server."""

    url: str
    username: Secret | None
    password: Secret | None


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket of Amazon S3, or of a store that speaks its protocol."""

    bucket: str
    prefix: str
    region: str | None
    endpoint: str | None
    access_key_id: Secret | None
    secret_access_key: Secret | None


@dataclass(frozen=True, slots=True)
class GcsPlace:
    """A bucket of Google Cloud Storage."""

    bucket: str
    prefix: str
    service_account_file: Path | None


@dataclass(frozen=True, slots=True)
class AzurePlace:
    """A container of Azure Blob Storage."""

    account: str
    container: str
    prefix: str
    account_key: Secret | None


Place: TypeAlias = FolderPlace | WebDavPlace | S3Place | GcsPlace | AzurePlace
"""Where feeds are published. Without credentials of their own, the platform's are used."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place of the shared cloud, and the accommodations whose feeds are put there."""

    name: str
    public_url: str | None
    """The start of their links, without a slash at its end; None if the feeds are read elsewhere too."""
    accommodations: tuple[str, ...]
    place: Place
