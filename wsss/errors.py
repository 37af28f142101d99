# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can act on.

Every message says what was given, what is allowed, where it came from (file or config key) and what
to do next. The tools print these without a traceback; anything else is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WSSSError(Exception):
    """Base of all errors that a user can mend."""


class ConfigError(WSSSError, ValueError):
    """A config key or value that cannot be used."""


class DataError(WSSSError, ValueError):
    """A data file (image, mask, list, score file) that cannot be used."""


class CheckpointError(WSSSError, ValueError):
    """A weights or checkpoint file that cannot be used."""


class StageError(WSSSError, RuntimeError):
    """A stage that cannot start or did not finish."""


class StorageError(WSSSError, OSError):
    """A file that cannot be written: no room, no permission, a broken disk."""


def near_matches(name: str, allowed: Iterable[str], limit: int = 3) -> str:
    """Return `` Did you mean ...?`` for the names close to ``name``, or an empty string.

    Args:
        name: What the user wrote.
        allowed: The names that exist.
        limit: How many names to offer at most.
    """
    close = difflib.get_close_matches(name, sorted(set(allowed)), n=limit, cutoff=0.6)
    return f' Did you mean {" or ".join(repr(match) for match in close)}?' if close else ''
