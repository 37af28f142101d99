# SPDX-License-Identifier: Apache-2.0
"""Every reader of the package against files that are not what they should be."""

import os
import pickle

import pytest
import torch

from wsss.errors import WSSSError

from .makers import READERS


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


HTML = b'<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n'
# what is a whole file of that kind all the same
WHOLE = {
    ('half', 'text list'), ('half', 'regions'), ('half', 'csv labels'), ('half', 'header'),
    ('half', 'voc id list'), ('empty', 'text list'), ('empty', 'voc id list'),
    ('empty', 'pets list'), ('half', 'pets list'), ('html', 'text list'), ('deep', 'text list'),
    ('deep', 'pets list'), ('zeros', 'tar'),
}  # fmt: skip


def damaged(kind, path, whole, marker):
    """Put something else in the place of a file."""
    if kind in ('folder', 'pipe', 'device'):
        path.unlink()
        if kind == 'folder':
            path.mkdir()
        elif kind == 'pipe':
            os.mkfifo(path)
        else:
            path.symlink_to('/dev/zero')
        return
    path.write_bytes(
        dict(
            empty=b'',
            half=whole[: len(whole) // 2],
            html=HTML,
            zeros=bytes(max(len(whole), 2000)),
            pickle=pickle.dumps(dict(state_dict=Payload(marker)), protocol=2),
            deep=b'[' * 100_000,
        )[kind]
    )


@pytest.fixture(params=READERS)
def reader(request, tmp_path):
    """A reader with a whole file that it reads."""
    suffix, make, read = READERS[request.param]
    path = tmp_path / f'a.{suffix}'
    make(path)
    whole = path.read_bytes()
    assert read(path) is not None
    return request.param, path, read, whole


@pytest.mark.parametrize(
    'kind', ['empty', 'half', 'html', 'zeros', 'pickle', 'deep', 'folder', 'pipe', 'device']
)
def test_what_is_not_a_whole_file_is_refused_by_name(reader, kind, tmp_path, recwarn):
    name, path, read, whole = reader
    marker = tmp_path / 'marker'
    damaged(kind, path, whole, marker)
    if (kind, name) in WHOLE:
        read(path)
    elif (kind, name) in {('folder', 'record'), ('pipe', 'record'), ('device', 'record')}:
        assert read(path) is None
    else:
        with pytest.raises(WSSSError) as error:
            read(path)
        assert path.name in str(error.value)
        assert 'Traceback' not in str(error.value) and len(str(error.value)) < 1500
    assert not marker.exists()


def test_a_payload_in_a_torch_file_does_not_run(tmp_path):
    """The same in the kinds of file that may hold pickles."""
    from wsss.engine import checkpoint

    for new in (True, False):
        path, marker = tmp_path / f'{new}.pth', tmp_path / 'marker'
        torch.save(
            dict(w=torch.ones(2), x=Payload(marker)), path, _use_new_zipfile_serialization=new
        )
        with pytest.raises(WSSSError, match=path.name):
            checkpoint.load(path)
        assert not marker.exists()
