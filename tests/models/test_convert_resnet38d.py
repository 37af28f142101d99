# SPDX-License-Identifier: Apache-2.0
"""Public weights of ResNet-38, from the parameter file of MXNet and from PSA's file."""

import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from wsss.engine.checkpoint import check_pretrained
from wsss.engine.mxnet_file import read_mxnet_file
from wsss.engine.weights_file import load
from wsss.errors import CheckpointError
from wsss.models import ResNet38d
from wsss.models.backbones import resnet38d
from wsss.models.backbones.convert_resnet38d import convert_resnet38d

TOOL = Path(__file__).resolve().parents[2] / 'tools/model_converters/resnet38d.py'
TYPES = {'float32': 0, 'float64': 1, 'float16': 2, 'int32': 4}
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA


def packed(array, version=V2):
    """One array as MXNet saves it."""
    head = b'' if version is None else struct.pack('<I', version)
    head += struct.pack('<i', 0) if version in (V2, V3) else b''
    letter = 'I' if version is None else 'q'
    head += struct.pack(f'<I{array.ndim}{letter}', array.ndim, *array.shape)
    return head + struct.pack('<iii', 1, 0, TYPES[str(array.dtype)]) + array.tobytes()


def params(arrays, version=V2):
    names = [struct.pack('<Q', len(name)) + name.encode() for name in arrays]
    parts = [packed(array, version) for array in arrays.values()]
    count = struct.pack('<Q', len(arrays))
    return b''.join([struct.pack('<QQ', 0x112, 0), count, *parts, count, *names])


@pytest.fixture
def small(monkeypatch):
    """The network with few channels."""
    for name, (blocks, *_, stride, first, later) in list(resnet38d.STAGES.items()):
        channels = 4 + int(name[1])
        changed = (blocks, channels, channels, stride, first, later)
        monkeypatch.setitem(resnet38d.STAGES, name, changed)
    for name in resnet38d.BOTTLENECKS:
        monkeypatch.setitem(resnet38d.BOTTLENECKS, name, (3, 4, 8 + int(name[1]), 0.1))


def names_of_the_release():
    """Release's name, PSA's name and ours of every array of the network, from its structure."""
    found = [('arg:conv1a_weight', 'conv1a.weight', 'conv1a.weight')]

    def norm(theirs, psa, ours):
        found.append((f'arg:{theirs}_gamma', f'{psa}.weight', f'{ours}.weight'))
        found.append((f'arg:{theirs}_beta', f'{psa}.bias', f'{ours}.bias'))
        found.append((f'aux:{theirs}_moving_mean', f'{psa}.running_mean', f'{ours}.running_mean'))
        found.append((f'aux:{theirs}_moving_var', f'{psa}.running_var', f'{ours}.running_var'))

    for stage, count in {2: 3, 3: 3, 4: 6, 5: 3, 6: 1, 7: 1}.items():
        for i in range(count):
            theirs, psa = f'{stage}a' if i == 0 else f'{stage}b{i}', f'b{stage}'
            psa += f'_{i}' if i else ''
            ours = f'b{stage}.{i}' if stage < 6 else f'b{stage}'
            branches = ['2a', '2b1'] + (['2b2'] if stage > 5 else [])
            for number, branch in enumerate(branches, 1):
                norm(f'bn{theirs}_branch{branch}', f'{psa}.bn_branch{branch}', f'{ours}.bn{number}')
                found.append((
                    f'arg:res{theirs}_branch{branch}_weight', f'{psa}.conv_branch{branch}.weight',
                    f'{ours}.conv{number}.weight',
                ))  # fmt: skip
            if i == 0:
                found.append((
                    f'arg:res{theirs}_branch1_weight', f'{psa}.conv_branch1.weight',
                    f'{ours}.shortcut.weight',
                ))  # fmt: skip
    norm('bn7', 'bn7', 'bn7')
    return found


@pytest.fixture
def weights(small):
    torch.manual_seed(0)
    state = ResNet38d().state_dict()
    return {k: torch.randn(v.shape) for k, v in state.items() if 'num_batches' not in k}


@pytest.fixture
def release(weights):
    """Arrays as in the release: with the classifier."""
    arrays = {theirs: weights[ours].numpy() for theirs, _, ours in names_of_the_release()}
    arrays['arg:linear1000_weight'] = np.ones((5, 3), np.float32)
    arrays['arg:linear1000_bias'] = np.ones(5, np.float32)
    return arrays


def check_equal(path, weights):
    found = load(path)
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[key], weights[key]) for key in weights)


@pytest.mark.parametrize('version', [None, V1, V2, V3])
def test_every_version_of_the_file_gives_the_weights(tmp_path, release, weights, version):
    (tmp_path / 'a.params').write_bytes(params(release, version))
    line = convert_resnet38d(tmp_path / 'a.params', tmp_path / 'a.pth')
    assert line.endswith(f'{len(weights)} tensors of ResNet38d')
    check_equal(tmp_path / 'a.pth', weights)


def test_the_network_starts_from_the_converted_file(tmp_path, release, weights):
    (tmp_path / 'a.params').write_bytes(params(release))
    convert_resnet38d(tmp_path / 'a.params', tmp_path / 'a.pth')
    net = ResNet38d(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth')))
    check_pretrained(net)
    net.init_weights()
    state = net.state_dict()
    assert all(torch.equal(state[key], weights[key]) for key in weights)


def test_the_file_of_psa_gives_the_same(tmp_path, weights):
    torch.save(
        {psa: weights[ours] for _, psa, ours in names_of_the_release()}, tmp_path / 'psa.pth'
    )
    convert_resnet38d(tmp_path / 'psa.pth', tmp_path / 'a.pth')
    check_equal(tmp_path / 'a.pth', weights)


@pytest.mark.parametrize('dtype', ['float16', 'float64'])
def test_other_precisions_become_float32(tmp_path, release, dtype):
    release['arg:conv1a_weight'] = np.full((64, 3, 3, 3), 0.25, dtype)
    (tmp_path / 'a.params').write_bytes(params(release))
    convert_resnet38d(tmp_path / 'a.params', tmp_path / 'a.pth')
    first = load(tmp_path / 'a.pth')['conv1a.weight']
    assert first.dtype == torch.float32 and bool((first == 0.25).all())


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda a: a.pop('arg:res4b3_branch2a_weight'), r'missing: b4\.3\.conv1\.weight'),
        (lambda a: a.pop('aux:bn7_moving_var'), r'missing: bn7\.running_var'),
        (
            lambda a: a.update({'arg:res6b1_branch1_weight': np.ones(3, np.float32)}),
            r'not in the model: b6\.1\.shortcut\.weight',
        ),
        (
            lambda a: a.update({'arg:bn2a_branch1_gamma': np.ones(3, np.float32)}),
            'not in the model: arg:bn2a_branch1_gamma',
        ),
        (
            lambda a: a.update({'arg:conv1a_weight': np.ones((64, 3, 7, 7), np.float32)}),
            r'other shapes: conv1a.weight \(64, 3, 7, 7\) for \(64, 3, 3, 3\)',
        ),
        (
            lambda a: a.update({'arg:bn7_beta': a['arg:bn7_beta'] * np.float32(np.nan)}),
            r'NaN or infinity in: bn7\.bias',
        ),
        (
            lambda a: a.update({'aux:conv1a_weight': a['arg:conv1a_weight']}),
            r'several arrays for conv1a\.weight',
        ),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, release, change, words):
    change(release)
    (tmp_path / 'a.params').write_bytes(params(release))
    with pytest.raises(CheckpointError, match=words):
        convert_resnet38d(tmp_path / 'a.params', tmp_path / 'a.pth')
    assert not (tmp_path / 'a.pth').exists()


ONE = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_values_and_names_are_read(tmp_path):
    (tmp_path / 'a').write_bytes(params({'arg:a': ONE, 'b': ONE[0]}))
    found = read_mxnet_file(tmp_path / 'a')
    assert found['arg:a'].tolist() == [[0, 1, 2], [3, 4, 5]] and found['b'].tolist() == [0, 1, 2]


def test_every_cut_is_seen(tmp_path):
    whole = params({'a': ONE, 'b': ONE})
    for size in range(len(whole)):
        (tmp_path / 'a').write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match='cut off|magic number|name'):
            read_mxnet_file(tmp_path / 'a')


HEAD = struct.pack('<QQ', 0x112, 0)
NAME = struct.pack('<QQ', 1, 1) + b'a'


def one(array):
    return HEAD + struct.pack('<Q', 1) + array + NAME


@pytest.mark.parametrize(
    'content, words',
    [
        (b'PK' + bytes(40), 'does not start with the magic number'),
        (HEAD + struct.pack('<Q', 1 << 60), r'it says that it has \d+ arrays'),
        (one(struct.pack('<IiIqiii', V2, 0, 1, 1 << 50, 1, 0, 0)), 'cut off, or a size'),
        (one(struct.pack('<IiI8qiii', V2, 0, 8, *[1 << 62] * 8, 1, 0, 0)), 'cut off, or a size'),
        (one(struct.pack('<IiIqiii', V2, 0, 1, -1, 1, 0, 0)), r'array 0 has the shape \(-1,\)'),
        (one(struct.pack('<IiIqiii', V2, 0, 1, 0, 1, 0, 0)), r'array 0 has the shape \(0,\)'),
        (one(struct.pack('<IiI', V2, 0, 0)), 'array 0 has 0 dimensions'),
        (one(struct.pack('<I', 1 << 31)), r'array 0 has \d+ dimensions'),
        (one(struct.pack('<Ii', V2, 1) + bytes(60)), 'array 0 is sparse'),
        (one(packed(ONE.astype(np.int32))), 'array 0 has numbers of type 4'),
        (one(packed(ONE)) + b'x', '1 bytes follow the last name'),
        (HEAD + struct.pack('<Q', 1) + packed(ONE) + bytes(8), 'not one name for each array'),
        (
            HEAD + struct.pack('<Q', 1) + packed(ONE) + struct.pack('<QQ', 1, 1 << 60),
            r'a name has \d+ bytes',
        ),
        (HEAD + struct.pack('<Q', 1) + packed(ONE) + struct.pack('<QQ', 1, 1) + b'\xff', 'utf-8'),
        (
            HEAD + struct.pack('<Q', 2) + packed(ONE) * 2
            + struct.pack('<QQ', 2, 1) + b'a' + struct.pack('<Q', 1) + b'a',
            'two arrays have the same name',
        ),
    ],
)  # fmt: skip
def test_damaged_and_hostile_files_are_refused_by_name(tmp_path, content, words):
    (tmp_path / 'bad.params').write_bytes(content)
    with pytest.raises(CheckpointError, match=rf'bad\.params .*{words}'):
        read_mxnet_file(tmp_path / 'bad.params')


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match='does not exist'):
        convert_resnet38d(tmp_path / 'none', tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='a folder'):
        read_mxnet_file(tmp_path)


def test_the_tool_says_what_it_wrote_and_what_is_wrong(tmp_path, release, capsys):
    spec = importlib.util.spec_from_file_location('tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    source = tmp_path / 'a.params'
    source.write_bytes(params(release))
    assert tool.main([str(source), str(tmp_path / 'a.pth')]) == 0
    assert 'tensors of ResNet38d' in capsys.readouterr().out
    source.write_bytes(params(release)[:500])
    assert tool.main([str(source), str(tmp_path / 'b.pth')]) == 1
    assert 'error: weights file' in capsys.readouterr().err
