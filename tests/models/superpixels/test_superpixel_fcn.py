# SPDX-License-Identifier: Apache-2.0
"""The network of SpixelFCN: its size, its grid, and the checkpoints of the released code."""

import math

import pytest
import torch

from wsss.engine.checkpoint import check_pretrained
from wsss.errors import CheckpointError, ConfigError
from wsss.models import SuperpixelFCN

# names and shapes of the released checkpoint, from the published definition of the network
ENCODER = {0: (3, 16), 1: (16, 32), 2: (32, 64), 3: (64, 128), 4: (128, 256)}


def released():
    weights = {}

    def conv(name, before, after):
        weights[f'{name}.0.weight'] = torch.full((after, before, 3, 3), 0.01)
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            weights[f'{name}.1.{part}'] = torch.ones(after)
        weights[f'{name}.1.num_batches_tracked'] = torch.tensor(7)

    for level, (before, after) in ENCODER.items():
        conv(f'conv{level}a', before, after)
        conv(f'conv{level}b', after, after)
    for level, channels in ((3, 128), (2, 64), (1, 32), (0, 16)):
        weights[f'deconv{level}.0.weight'] = torch.full((2 * channels, channels, 4, 4), 0.01)
        weights[f'deconv{level}.0.bias'] = torch.zeros(channels)
        conv(f'conv{level}_1', 2 * channels, channels)
        weights[f'pred_mask{level}.weight'] = torch.full((9, channels, 3, 3), 0.5)
        weights[f'pred_mask{level}.bias'] = torch.zeros(9)
    return weights


def test_it_has_as_many_parameters_as_published():
    assert sum(p.numel() for p in SuperpixelFCN().parameters()) == 2_269_785


def test_released_weights_fit_without_the_side_heads():
    net, weights = SuperpixelFCN(), released()
    side = [key for key in weights if key.startswith(('pred_mask1', 'pred_mask2', 'pred_mask3'))]
    assert set(weights) - set(side) == set(net.state_dict())
    assert sum(weights[key].numel() for key in side) == 2_287_956 - 2_269_785
    net.load_state_dict(dict(weights))  # strict
    torch.nn.ModuleDict(dict(net=net)).load_state_dict({f'net.{k}': v for k, v in weights.items()})
    assert net.pred_mask0.weight.unique().tolist() == [0.5]
    with pytest.raises(RuntimeError, match='pred_mask7'):
        net.load_state_dict({**weights, 'pred_mask7.weight': torch.ones(1)})


def test_a_checkpoint_is_what_training_starts_from(tmp_path, caplog):
    content = dict(state_dict=released(), arch='SpixelNet1l_bn', epoch=3)
    torch.save(content, tmp_path / 'released.tar')
    net = SuperpixelFCN(init_cfg=dict(type='Pretrained', checkpoint=f'{tmp_path}/released.tar'))
    check_pretrained(net)
    net.init_weights()
    assert net.conv4b[0].weight.unique().tolist() == pytest.approx([0.01])
    assert 'unexpected' not in caplog.text
    torch.save(dict(state_dict={'conv0a.0.weight': torch.ones(4, 3, 3, 3)}), tmp_path / 'other.tar')
    other = SuperpixelFCN(init_cfg=dict(type='Pretrained', checkpoint=f'{tmp_path}/other.tar'))
    with pytest.raises(CheckpointError, match='conv0a'):
        check_pretrained(other)


def test_weights_start_as_published():
    torch.manual_seed(0)
    net = SuperpixelFCN()
    net.init_weights()
    for layer in (net.conv4b[0], net.conv3_1[0]):
        fan_in = layer.weight[0].numel()
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 1.01 / fan_in), rel=0.02)
    assert not net.deconv2[0].bias.any() and not net.pred_mask0.bias.any()


@pytest.mark.parametrize('cell', [8, 16, 32])
def test_logits_have_the_size_of_the_image(cell):
    net = SuperpixelFCN(cell=cell).eval()
    assert net(torch.zeros(1, 3, cell, 2 * cell)).shape == (1, 9, cell, 2 * cell)


def test_what_is_wrong_is_named():
    with pytest.raises(ConfigError, match=r'SuperpixelFCN\.cell must be one of 8, 16 and 32'):
        SuperpixelFCN(cell=12)
    with pytest.raises(ValueError, match='multiples of 16'):
        SuperpixelFCN()(torch.zeros(1, 3, 20, 32))
