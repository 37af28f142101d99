# SPDX-License-Identifier: Apache-2.0
"""One run at a time in a work folder, and no lock that outlives its owner."""

import errno
import json
import multiprocessing
import os
import signal
import time

import pytest

from wsss.engine import lock as lock_module
from wsss.engine.lock import NAME, RunLock, describe_process, may_live
from wsss.errors import StageError

FORK = multiprocessing.get_context('fork')


def hold(folder, pipe):
    with RunLock(folder):
        pipe.send('ready')
        pipe.recv()


@pytest.fixture
def other(tmp_path):
    """Another process that holds the folder until it is told something; it ends with the test."""
    end, pipe = FORK.Pipe()
    process = FORK.Process(target=hold, args=(tmp_path, pipe), daemon=True)
    process.start()
    assert end.poll(20)
    yield process, end
    process.kill()
    process.join(20)


def test_a_second_start_stops_and_names_the_first(tmp_path, other):
    process, end = other
    with pytest.raises(StageError, match='is in use') as error, RunLock(tmp_path):
        pass
    owner = json.loads((tmp_path / NAME).read_text())
    message = str(error.value)
    for word in (str(tmp_path), str(process.pid), owner['host'], owner['started'], '--work-dir'):
        assert word in message
    end.send('end')
    process.join(20)
    assert not (tmp_path / NAME).exists()
    with RunLock(tmp_path) as lock:
        assert lock.before is None


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, other):
    process, _ = other
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    assert (tmp_path / NAME).exists()
    with RunLock(tmp_path) as lock:
        assert f'process {process.pid} ' in lock.before
        assert json.loads((tmp_path / NAME).read_text())['process'] == os.getpid()


def child_of_holder(folder, pipe):
    with RunLock(folder):
        worker = FORK.Process(target=time.sleep, args=(20,))
        worker.start()
        pipe.send(worker.pid)
        os.kill(os.getpid(), signal.SIGKILL)


def test_loader_workers_that_outlive_a_killed_run_do_not_hold_its_lock(tmp_path):
    receiver, sender = FORK.Pipe()
    process = FORK.Process(target=child_of_holder, args=(tmp_path, sender))
    process.start()
    assert receiver.poll(20)
    worker = receiver.recv()
    os.waitpid(process.pid, 0)  # join() would wait for the worker too
    try:
        os.kill(worker, 0)
        with RunLock(tmp_path):
            pass
    finally:
        os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize('number', sorted({errno.ENOLCK, errno.EOPNOTSUPP}))
def test_without_locks_the_file_has_to_do(tmp_path, monkeypatch, number):
    def refuse(file, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock_module.fcntl, 'lockf', refuse)
    with RunLock(tmp_path):
        pass
    (tmp_path / NAME).write_text(json.dumps({**describe_process(), 'host': 'elsewhere'}))
    with pytest.raises(StageError, match='on elsewhere'), RunLock(tmp_path):
        pass
    (tmp_path / NAME).write_text(json.dumps({**describe_process(), 'boot': 'another'}))
    with RunLock(tmp_path):
        pass


def test_who_can_still_be_there(other):
    process, _ = other
    mine = describe_process()
    owner = {**mine, 'process': process.pid, 'clock': lock_module.start_clock(process.pid)}
    assert may_live(owner)
    assert not may_live({**owner, 'clock': '1'})  # the number was given to another process
    assert not may_live({**owner, 'boot': 'another'})
    assert may_live({**owner, 'host': 'elsewhere'})
    assert not may_live(mine) and not may_live({}) and not may_live({'process': 'x'})


def test_an_empty_or_torn_lock_file_is_no_hindrance(tmp_path):
    for content in (b'', b'{"host": "x', b'[]'):
        (tmp_path / NAME).write_bytes(content)
        with RunLock(tmp_path) as lock:
            assert lock.before is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='cannot write .*file') as error, RunLock(tmp_path / 'file/x'):
        pass
    assert 'Make room' in str(error.value)
