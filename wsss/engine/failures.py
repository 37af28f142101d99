# SPDX-License-Identifier: Apache-2.0
"""Errors of the system in words that help."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import StorageError, WSSSError
from ..fileio import is_storage_error, storage_error

_IN_WORKER = 'in DataLoader worker process'
_NUMBER = re.compile(r"\[Errno (\d+)\] [^\n:]*(?:: '([^'\n]*)')?\s*$")
_SHARED_MEMORY = re.compile(r'unable to (?:write to|allocate|open) (?:shared memory|file <?/torch)')


def worded(error: BaseException, folder: str | Path | None = None) -> WSSSError | None:
    """Return an error of ours that says what to do, or None if nothing more is known.

    Known are disks that are full or cannot be written to, in this process or in a loader worker
    (whose error PyTorch hands on as text), and shared memory that is full.

    Args:
        error: What was raised.
        folder: Named where the error names no file.
    """
    if is_storage_error(error):
        return storage_error(error, error.filename or folder)
    text = str(error)
    if _SHARED_MEMORY.search(text) or ('/dev/shm' in text and 'No space left' in text):
        return StorageError(
            'loader workers have no room in shared memory (/dev/shm). Use fewer of them '
            '(num_workers=0 needs none), smaller batches, or give the container more (--shm-size).'
        )
    found = _NUMBER.search(text) if _IN_WORKER in text else None
    if found:
        number = int(found[1])
        again = OSError(number, os.strerror(number))
        return storage_error(again, found[2] or folder) if is_storage_error(again) else None
    return None


@contextlib.contextmanager
def quiet_threads() -> Iterator[None]:
    """Keep threads that write logs from printing a traceback when the disk is full.

    The error that ends the run is that of a result, raised in the main thread.
    """
    usual = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if not is_storage_error(arguments.exc_value):
            usual(arguments)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = usual
