# SPDX-License-Identifier: Apache-2.0
"""Weights files: checked, never executed, never torn."""

import os
import pickle
import resource

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from wsss.engine import checkpoint
from wsss.errors import CheckpointError, StorageError


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


def test_flipped_bits_are_seen_and_the_checkpoint_before_is_taken(tmp_path):
    content = dict(meta={}, state_dict=dict(w=torch.rand(5000)), optimizer={})
    for epoch in (1, 2):
        checkpoint.save(content, tmp_path / 'checkpoints' / f'epoch_{epoch}.pth')
    last = tmp_path / 'checkpoints' / 'epoch_2.pth'
    checkpoint.write_pointer(tmp_path, last)
    damaged = bytearray(last.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    last.write_bytes(damaged)
    assert torch.load(last, weights_only=True)  # torch does not notice
    with pytest.raises(CheckpointError, match='epoch_2.pth is damaged'):
        checkpoint.load(last)
    assert checkpoint.find_last(tmp_path).name == 'epoch_1.pth'


def test_a_pointer_out_of_the_folder_is_not_followed(tmp_path):
    content = dict(meta={}, state_dict={}, optimizer={})
    checkpoint.save(content, tmp_path / 'other.pth')
    (tmp_path / 'stage').mkdir()
    checkpoint.write_json(tmp_path / 'stage' / checkpoint.LAST, dict(file='../other.pth'))
    assert checkpoint.find_last(tmp_path / 'stage') is None


def test_a_disk_that_fills_up_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / 'weights.pth'
    checkpoint.save(dict(w=torch.zeros(3)), path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(StorageError, match='cannot write .*weights.pth'):
            checkpoint.save(dict(w=torch.rand(50_000)), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert torch.equal(checkpoint.load(path)['w'], torch.zeros(3))
    assert list(tmp_path.iterdir()) == [path]


def test_weights_that_are_shared_or_expanded_are_loaded(tmp_path):
    """Only what no file of that size could hold is refused."""
    weight = torch.rand(1000)
    content = dict(a=weight, b=weight, c=torch.zeros(1).expand(10_000), d=[torch.ones(2)] * 3)
    for new in (True, False):
        torch.save(content, tmp_path / 'a.pth', _use_new_zipfile_serialization=new)
        loaded = checkpoint.load(tmp_path / 'a.pth')
        assert torch.equal(loaded['b'], weight) and loaded['c'].shape == (10_000,)


@pytest.mark.parametrize(
    'tensor', [torch.eye(3).to_sparse(), torch.empty(3, device='meta')], ids=['sparse', 'meta']
)
def test_tensors_that_hold_no_plain_numbers_are_refused(tmp_path, tensor):
    torch.save(dict(w=tensor), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='a.pth .*sparse, quantised or without content'):
        checkpoint.load(tmp_path / 'a.pth')


def test_a_model_that_merges_views_takes_the_weights_of_the_one_inside():
    from mmengine.model import BaseModel, BaseTTAModel

    from wsss.engine.model_wrappers import TestWrapper

    class Inner(BaseModel):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, *args, **kwargs):
            return None

    class Views(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return data_samples_list

    weights = Inner().state_dict()
    for wrapped in (Views(Inner()), TestWrapper(Views(Inner())), TestWrapper(Inner())):
        checkpoint.check_fit(wrapped, weights, 'w')
    with pytest.raises(CheckpointError, match='do not fit Inner: missing: layer.bias'):
        checkpoint.check_fit(
            TestWrapper(Views(Inner())), {'layer.weight': weights['layer.weight']}, 'w'
        )


def test_a_network_that_no_stage_has_trained_gets_the_weights_it_asks_for(tmp_path):
    from wsss.models import FeatureClassifier

    def make(checkpoint_file=None):
        init = dict(type='Pretrained', checkpoint=checkpoint_file, prefix='backbone.')
        backbone = dict(type='mmpretrain.ResNet', depth=18, base_channels=4, stem_channels=4)
        return FeatureClassifier(backbone={**backbone, 'init_cfg': checkpoint_file and init})

    path = tmp_path / 'weights.pth'
    checkpoint.save(make().state_dict(), path)
    model = make(str(path))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    checkpoint.load_pretrained(model)
    saved = checkpoint.load(path)
    assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())
    assert any(not torch.equal(before[key], saved[key]) for key in saved)
    plain = make()
    before = {key: value.clone() for key, value in plain.state_dict().items()}
    checkpoint.load_pretrained(plain)  # asks for nothing
    assert all(torch.equal(before[key], value) for key, value in plain.state_dict().items())
