# SPDX-License-Identifier: Apache-2.0
"""Weights files: checked, never executed, never torn."""

import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from wsss.engine import checkpoint
from wsss.errors import CheckpointError


class Payload:
    """Creates a marker file when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.parametrize('kind', ['torch', 'legacy', 'pickle'])
def test_a_payload_in_a_weights_file_does_not_run(tmp_path, kind):
    marker, path = tmp_path / 'marker', tmp_path / 'weights.pth'
    content = dict(state_dict={'weight': torch.ones(2)}, meta=Payload(marker))
    if kind == 'pickle':
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == 'torch')
    checkpoint.register_loaders()
    for load in (checkpoint.load, CheckpointLoader.load_checkpoint):
        with pytest.raises(CheckpointError, match='weights.pth'):
            load(str(path))
    assert not marker.exists()


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04broken', b'hello'])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / 'bad.pth'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='bad.pth'):
        checkpoint.load(path)


def test_missing_and_foreign_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match='does not exist'):
        checkpoint.load(tmp_path / 'none.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(CheckpointError, match='holds a list'):
        checkpoint.load(tmp_path / 'list.pth')


def test_plain_turns_numpy_into_numbers_and_refuses_objects():
    value = checkpoint.plain(dict(a=np.float32(2), b=[np.arange(2)], c=(None, 'x')))
    assert value['a'] == 2.0 and isinstance(value['a'], float)
    assert torch.equal(value['b'][0], torch.arange(2)) and value['c'] == (None, 'x')
    with pytest.raises(CheckpointError, match='checkpoint.a is a object'):
        checkpoint.plain(dict(a=object()))


def test_weights_of_another_architecture_are_refused_with_names():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    good = model.state_dict()
    checkpoint.check_fit(model, good, 'w')
    checkpoint.check_fit(model, {f'module.{k}': v for k, v in good.items()}, 'w')
    with pytest.raises(CheckpointError, match=r'1.bias \(2,\) for \(1,\)'):
        checkpoint.check_fit(model, {**good, '1.bias': torch.zeros(2)}, 'w')
    with pytest.raises(CheckpointError, match='missing: 1.bias'):
        checkpoint.check_fit(model, {k: v for k, v in good.items() if k != '1.bias'}, 'w')
    with pytest.raises(CheckpointError, match='not in the model: extra'):
        checkpoint.check_fit(model, {**good, 'extra': torch.zeros(1)}, 'w')
    with pytest.raises(CheckpointError, match='NaN or infinity in: 1.bias'):
        checkpoint.check_fit(model, {**good, '1.bias': torch.full((1,), torch.nan)}, 'w')
    with pytest.raises(CheckpointError, match='0 of 4 tensors fit'):
        checkpoint.check_fit(model, {'other': torch.zeros(1)}, 'w', allow_missing=True)


def test_find_last_falls_back_over_torn_files_and_bad_pointers(tmp_path):
    content = dict(meta={}, state_dict={}, optimizer={})
    for epoch in (1, 2, 10):
        checkpoint.save(content, tmp_path / 'checkpoints' / f'epoch_{epoch}.pth')
    last = tmp_path / 'checkpoints' / 'epoch_10.pth'
    checkpoint.write_pointer(tmp_path, last)
    assert checkpoint.find_last(tmp_path) == last
    last.write_bytes(last.read_bytes()[:100])
    assert checkpoint.find_last(tmp_path).name == 'epoch_2.pth'
    (tmp_path / checkpoint.LAST).write_bytes(b'')
    assert checkpoint.find_last(tmp_path).name == 'epoch_2.pth'
    assert checkpoint.find_last(tmp_path / 'nowhere') is None


def test_a_moved_folder_still_finds_its_checkpoint(tmp_path):
    path = tmp_path / 'a' / 'checkpoints' / 'epoch_1.pth'
    checkpoint.save(dict(meta={}, state_dict={}, optimizer={}), path)
    checkpoint.write_pointer(tmp_path / 'a', path)
    (tmp_path / 'a').rename(tmp_path / 'b')
    assert checkpoint.find_last(tmp_path / 'b') == tmp_path / 'b' / 'checkpoints' / 'epoch_1.pth'
