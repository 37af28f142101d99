# SPDX-License-Identifier: Apache-2.0
"""One run at a time in a work folder."""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType

from mmengine.dist import broadcast_object_list, is_main_process

from ..errors import StageError, WSSSError
from ..fileio import is_storage_error, storage_error

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None

NAME = 'run.lock'
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class RunLock:
    """Keep a work folder to one launch; its ranks share the lock, which rank 0 holds.

    It is a record lock (``fcntl.lockf``) on ``<folder>/run.lock``: the system gives it back when
    the process dies, however it dies, so there is no stale lock to wait for and no heartbeat to
    keep. Record locks are the kind that network file systems carry between machines, and other
    than ``flock`` they do not pass to forked loader workers, which outlive a killed run by seconds.
    The file says who holds it. Where the file system knows no locks, what it says has to do: a
    process of this machine that lives, or any process of another one, is believed.

    Args:
        folder: The work folder; it is made.

    Raises:
        StageError: If another run has the folder; it names host, process and start.

    Example:
        >>> with RunLock('/tmp/run'):
        ...     pass
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / NAME
        self.file: int | None = None
        self.before: str | None = None  # whose place is taken, if it was killed

    def __enter__(self) -> RunLock:
        outcome: list[Exception | None] = [None]
        if is_main_process():
            try:
                self._acquire()
            except WSSSError as error:
                outcome = [error]
        broadcast_object_list(outcome)
        if outcome[0] is not None:
            raise outcome[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.file is not None:
            # removed while it is held: who has opened it by now sees that it is another file
            self.path.unlink(missing_ok=True)
            os.close(self.file)
            self.file = None

    def _acquire(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while self.file is None:
                self.file = self._try()
            before = read_owner(self.file)
            os.ftruncate(self.file, 0)
            os.pwrite(self.file, json.dumps(describe_process()).encode(), 0)
        except OSError as error:
            if is_storage_error(error):
                raise storage_error(error, self.path) from error
            raise
        self.before = words(before) if before else None

    def _try(self) -> int | None:
        """Return the locked file; None if it was removed meanwhile."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if lock(file):
                taken = False
            else:
                taken = may_live(read_owner(file))
        except BlockingIOError:
            taken = True
        if taken:
            owner = read_owner(file)
            os.close(file)
            raise StageError(
                f'{self.path.parent} is in use by {words(owner)}. Wait for it, stop it, or choose '
                f'another --work-dir. If it runs no more, delete {self.path}.'
            )
        try:
            if os.path.samestat(os.fstat(file), os.stat(self.path)):
                return file
        except FileNotFoundError:
            pass
        os.close(file)
        return None


def lock(file: int) -> bool:
    """Lock an open file; return False where the file system cannot.

    Raises:
        BlockingIOError: If another process has it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise BlockingIOError(*error.args) from error
        if error.errno in _UNSUPPORTED:
            return False
        raise
    return True


def describe_process() -> dict:
    """Return what tells this process from all others."""
    return dict(
        host=socket.gethostname(),
        process=os.getpid(),
        started=time.strftime('%Y-%m-%d %H:%M:%S'),
        boot=boot_id(),
        clock=start_clock(os.getpid()),
    )


def read_owner(file: int) -> dict:
    """Return what a lock file says of its owner; empty if it says nothing."""
    try:
        content = json.loads(os.pread(file, 4096, 0).decode())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def may_live(owner: dict) -> bool:
    """Whether the process that a lock file names can still be there."""
    if not owner or not isinstance(owner.get('process'), int):
        return False
    if owner.get('host') != socket.gethostname():
        return True
    if owner.get('boot') != boot_id():
        return False
    try:
        os.kill(owner['process'], 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    # the number may have been given to another process since
    return owner['process'] != os.getpid() and owner.get('clock') == start_clock(owner['process'])


def words(owner: dict) -> str:
    """Return the owner in words."""
    if not owner:
        return 'another run'
    return f'process {owner.get("process")} on {owner.get("host")} (started {owner.get("started")})'


def boot_id() -> str:
    """Return the identity of the machine's present start; empty where there is none."""
    try:
        return Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()
    except OSError:
        return ''


def start_clock(process: int) -> str:
    """Return when a process started, in ticks since the start of the machine; empty if unknown."""
    try:
        text = Path(f'/proc/{process}/stat').read_text(encoding='utf-8', errors='replace')
    except OSError:
        return ''
    return text.rpartition(')')[2].split()[19]
