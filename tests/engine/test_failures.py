# SPDX-License-Identifier: Apache-2.0
"""What the system says, in words that help."""

import errno
import os
import threading

import pytest
from torch.utils.data import DataLoader

from wsss.engine.failures import quiet_threads, worded
from wsss.errors import StorageError
from wsss.fileio import write_bytes

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Writing:
    """A data set whose workers find the disk full, in a raw way or in ours."""

    def __init__(self, path, raw):
        self.path, self.raw = path, raw

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if self.raw:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        write_bytes(self.path / 'below a file', b'x')


def test_an_error_of_the_disk_names_file_or_folder(tmp_path):
    named = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), '/x/scores/a.npz')
    assert 'cannot write /x/scores/a.npz' in str(worded(named, tmp_path))
    assert f'cannot write {tmp_path}' in str(worded(FULL, tmp_path))
    assert worded(ValueError('no')) is None and worded(OSError(errno.ECHILD, 'x')) is None


@pytest.mark.parametrize('raw', [True, False])
def test_a_full_disk_in_a_loader_worker_is_named(tmp_path, raw):
    path = tmp_path / 'file'
    path.write_text('')
    with pytest.raises(OSError) as error:
        list(DataLoader(Writing(path, raw), num_workers=1))
    if raw:
        assert f'cannot write {path}: No space left' in str(worded(error.value))
    else:
        assert isinstance(error.value, StorageError)
        assert f'cannot write {path}/below a file' in str(error.value)


def test_full_shared_memory_is_explained():
    error = RuntimeError('unable to write to file </torch_17_3>: No space left on device (28)')
    assert 'num_workers=0' in str(worded(error))


def test_threads_that_write_logs_are_quiet_on_a_full_disk_only(monkeypatch):
    seen = []
    monkeypatch.setattr(threading, 'excepthook', lambda arguments: seen.append(arguments.exc_value))

    def fail(error):
        raise error

    with quiet_threads():
        for error in (FULL, ValueError('bug')):
            thread = threading.Thread(target=fail, args=(error,))
            thread.start()
            thread.join()
    assert [str(error) for error in seen] == ['bug']
