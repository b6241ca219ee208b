"""Which keys an object store takes, and what it says when there is nothing under one."""

from __future__ import annotations

import re

from automl_core.errors import InvalidInputError, NotFoundError

#: Letters, digits, dot, dash and underscore, in parts of which none begins with a dot:
#: neither ``..`` nor a hidden file can be named, on any file system.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*")

#: As in S3.
_MAX_KEY_LENGTH = 1024


def check_key(key: str) -> str:
    """Return the key if it is one that we make.

    Raises
    ------
    InvalidInputError
        If it could name anything outside the store.
    """
    if len(key) > _MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise InvalidInputError(f"{key[:80]!r} is not a key of the object store.")
    return key


def check_prefix(prefix: str) -> str:
    """Return a prefix that ends in ``/`` and names at least one folder.

    Raises
    ------
    InvalidInputError
        If it would reach further than one folder of ours.
    """
    if not prefix.endswith("/"):
        raise InvalidInputError(f"The prefix {prefix[:80]!r} must end in '/'.")
    check_key(prefix[:-1])
    return prefix


def missing_object(key: str) -> NotFoundError:
    """Say that nothing lies under a key."""
    return NotFoundError(f"There is no object {key!r}.")
