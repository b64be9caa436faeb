"""The daemon with two houses, as the end-to-end tests have it."""

from tests.end_to_end.conftest import running, three

__all__ = ["running", "three"]
