# SPDX-License-Identifier: Apache-2.0
"""What a network of superpixels is trained on, and what it gives."""

import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import PixelData

from wsss.engine.hooks import RampLossWeight
from wsss.errors import ConfigError, DataError
from wsss.models import SuperpixelAffinityLoss, SuperpixelNet, SuperpixelReconstructionLoss
from wsss.models.superpixels.attributes import ATTRIBUTES, class_maps
from wsss.ops.lab import rgb_to_lab
from wsss.structures import WSSSDataSample

NETWORK = dict(type='wsss.SuperpixelFCN', cell=8)
PREPROCESSOR = dict(
    type='mmseg.SegDataPreProcessor', mean=[100.0, 110, 120], std=[50.0, 60, 70], size=(16, 24)
)


def own_cells(height, width):
    return torch.eye(9)[4].view(1, 9, 1, 1).repeat(1, 1, height, width)


def make_sample(height=16, width=24, **fields):
    sample = WSSSDataSample(metainfo=dict(image_id='a', img_shape=(height, width)))
    for name, data in fields.items():
        sample.set_field(PixelData(data=data), name)
    return sample


def make(**arguments):
    torch.manual_seed(0)
    model = SuperpixelNet(NETWORK, data_preprocessor=PREPROCESSOR, **arguments)
    model.init_weights()
    return model


def all_fields(height=16, width=24):
    generator = torch.Generator().manual_seed(3)
    return dict(
        saliency=torch.rand(1, height, width, generator=generator),
        class_maps=torch.rand(2, height, width, generator=generator),
        gt_sem_seg=torch.randint(0, 4, (1, height, width), generator=generator).byte(),
    )


# ------------------------------------------------------------------------------------------ losses
def test_the_reconstruction_loss_by_hand():
    shares = torch.tensor([[1.0, 1, 0, 0]]).repeat(2, 1)
    shares = torch.stack([shares, 1 - shares])[None]
    q = own_cells(2, 4)
    found = SuperpixelReconstructionLoss(loss_weight=2)(shares, q, 2, True)
    assert found['loss_attribute'].item() == pytest.approx(0, abs=1e-6)
    assert found['loss_position'].item() == pytest.approx(2 * 0.003 / 2 * math.sqrt(0.5))
    colours = torch.tensor([0.0, 0.6, 0, 0]).expand(1, 1, 2, 4)
    found = SuperpixelReconstructionLoss()(colours, q, 2, False)
    assert found['loss_attribute'].item() == pytest.approx(0.3 / 2 / 2)  # by S, half of the pixels


def test_weights_are_the_published_ones_for_means():
    reconstruction, affinity = SuperpixelReconstructionLoss(), SuperpixelAffinityLoss()
    pixels, superpixels = 512 * 512, 32 * 32
    whole = 0.005 * pixels
    assert reconstruction.position_weight / 16 == pytest.approx(1.875e-4)
    assert affinity.press_weight == pytest.approx(superpixels / whole)
    assert affinity.diff_weight == pytest.approx(2 * superpixels / whole)


def test_the_affinity_loss_sees_padding_as_background():
    q = torch.full((1, 9, 10, 10), 0.0)
    q[:, 4], q[:, 5] = 0.9, 0.1  # a tenth to the right, out of the grid at its border
    maps = torch.ones(1, 1, 10, 10)
    valid = torch.zeros(1, 1, 10, 10)
    valid[..., :6] = 1
    loss = SuperpixelAffinityLoss(press_weight=1, diff_weight=1, limit=0)
    found = loss(maps, q, 2, valid)
    # the fourth column of superpixels has shares of the third, and background as label; the third
    # has pixels of two cells, 0.1 and 0.9 of 4 each, and shares 0.1 * 0.9 of 4 with the fourth
    third = 4 * 0.9 + 4 * 0.1
    assert found['loss_diff'].item() == pytest.approx(0.1 * 0.9 * 4 / third / 3, rel=1e-5)
    assert found['loss_press'].item() == 0  # none has more than 15 of its label around


# -------------------------------------------------------------------------------------- attributes
def test_attributes_are_shares_or_colours():
    images = torch.rand(1, 3, 16, 24) * 255
    samples, valid = [make_sample(**all_fields())], torch.ones(1, 1, 16, 24)
    found = {name: make(images, samples, valid) for name, make in ATTRIBUTES.items()}
    for name in ('saliency', 'onehot', 'cam'):
        assert found[name].shares and torch.allclose(found[name].values.sum(1), torch.ones(16, 24))
    assert torch.equal(found['rgb'].values, images / 255) and not found['rgb'].shares
    assert torch.equal(found['lab'].values, rgb_to_lab(images / 255) / 100)
    salient = samples[0].saliency.data[0] > 0.2
    assert torch.equal(found['saliency'].values[0, 1] == 1, salient)
    best = samples[0].class_maps.data.amax(0)
    assert torch.allclose(
        found['cam'].values[0, 0], (1 - best) / (1 - best + samples[0].class_maps.data.sum(0))
    )


def test_pixels_of_255_have_no_label():
    labels = torch.tensor([[[2, 255], [0, 0]]], dtype=torch.uint8)
    sample = make_sample(2, 2, gt_sem_seg=labels)
    found = ATTRIBUTES['onehot'](torch.zeros(1, 3, 2, 3), [sample], torch.ones(1, 1, 2, 3))
    assert found.values.shape == (1, 3, 2, 3) and found.values[0, 2, 0, 0] == 1
    assert found.known[0, 0].tolist() == [[1, 0, 0], [1, 1, 0]]  # the last column is padding


def test_images_of_a_batch_may_show_different_numbers_of_classes():
    samples = [
        make_sample(4, 4, class_maps=torch.ones(2, 4, 4)),
        make_sample(4, 4, class_maps=torch.zeros(0, 4, 4)),
    ]
    maps = class_maps(samples, (4, 6))
    assert maps.shape == (2, 2, 4, 6) and maps[0, :, :, :4].all() and not maps[0, :, :, 4:].any()
    values = ATTRIBUTES['cam'](torch.zeros(2, 3, 4, 6), samples, torch.ones(2, 1, 4, 6)).values
    assert values[1, 0].min() == 1
    none = [make_sample(4, 4, class_maps=torch.zeros(0, 4, 4))]
    assert ATTRIBUTES['cam'](torch.zeros(1, 3, 4, 4), none, None).values.unique().tolist() == [1]


# ------------------------------------------------------------------------------------------- model
@pytest.mark.parametrize('attribute', sorted(ATTRIBUTES))
def test_every_attribute_trains(attribute):
    model = make(attribute=attribute, affinity=dict(type='SuperpixelAffinityLoss'))
    images = [torch.randint(0, 256, (3, 16, 24), dtype=torch.uint8) for _ in range(2)]
    samples = [make_sample(**all_fields()) for _ in range(2)]
    data = model.data_preprocessor(dict(inputs=images, data_samples=samples), True)
    losses = model(**data, mode='loss')
    assert set(losses) == {'loss_attribute', 'loss_position', 'loss_press', 'loss_diff'}
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert losses['loss_attribute'] > 0


def test_affinities_of_a_batch_without_classes_are_those_of_background():
    loss, q = SuperpixelAffinityLoss(limit=0.0), torch.rand(2, 9, 40, 40).softmax(1)
    found, expected = (loss(torch.zeros(2, count, 40, 40), q, 8) for count in (0, 1))
    assert found == expected and found['loss_press'] > 0 and found['loss_diff'] == 0


@pytest.mark.parametrize('attribute', sorted(ATTRIBUTES))
def test_what_lies_in_the_padding_costs_nothing(attribute):
    model = make(attribute=attribute, affinity=dict(type='SuperpixelAffinityLoss', limit=0.0))
    generator = torch.Generator().manual_seed(0)
    q = torch.rand(1, 9, 16, 24, generator=generator).softmax(1)
    model.associate = lambda images: q
    found = []
    for value in (0.0, 40.0):
        inputs = torch.linspace(-1, 1, 3 * 16 * 24).view(1, 3, 16, 24).clone()
        inputs[..., 18:] = value
        losses = model.loss(inputs, [make_sample(16, 18, **all_fields(16, 18))])
        found.append([loss.item() for loss in losses.values()])
    assert found[0] == found[1] and all(math.isfinite(loss) for loss in found[0])


def test_the_ramp_hook_switches_affinities_on():
    model = make(attribute='lab', affinity=dict(type='SuperpixelAffinityLoss'))
    hook = RampLossWeight(begin=7, end=7)
    runner = SimpleNamespace(model=model, iter=69, train_dataloader=range(10))
    hook.before_train(runner)
    inputs, samples = torch.zeros(1, 3, 16, 24), [make_sample(**all_fields())]
    hook.before_train_iter(runner, 0)
    assert 'loss_diff' not in model.loss(inputs, samples)
    runner.iter = 70
    hook.before_train_iter(runner, 0)
    assert 'loss_diff' in model.loss(inputs, samples)


def test_images_of_any_size_get_regions():
    model = make(attribute='lab').eval()
    generator = torch.Generator().manual_seed(0)
    sizes = [(20, 30), (16, 16), (20, 30)]
    images = [torch.randint(0, 256, (3, *s), generator=generator, dtype=torch.uint8) for s in sizes]
    found = model.test_step(dict(inputs=images, data_samples=[WSSSDataSample() for _ in images]))
    for (height, width), sample in zip(sizes, found):
        regions = sample.pred_regions.data
        assert regions.shape == (1, height, width) and regions.dtype == torch.int32
        columns = -(-width // 8)
        rows = torch.arange(height)[:, None] // 8 - regions[0] // columns
        beside = torch.arange(width) // 8 - regions[0] % columns
        assert rows.abs().max() <= 1 and beside.abs().max() <= 1 and regions.min() >= 0
    alone = model.test_step(dict(inputs=images[2:], data_samples=[WSSSDataSample()]))[0]
    assert torch.equal(alone.pred_regions.data, found[2].pred_regions.data)


def test_an_image_smaller_than_a_superpixel_is_named():
    model = make(attribute='lab').eval()
    sample = WSSSDataSample(metainfo=dict(image_id='a', img_shape=(20, 5)))
    data = dict(inputs=[torch.zeros(3, 20, 5, dtype=torch.uint8)], data_samples=[sample])
    with pytest.raises(DataError, match=r"image 'a' has 20 x 5 pixels, a superpixel 8 x 8"):
        model.test_step(data)
    with pytest.raises(DataError, match=r"image 'a' has 20 x 5 pixels"):
        model.loss(torch.zeros(1, 3, 24, 8), [sample])


def test_a_missing_field_says_what_makes_it():
    for attribute, words in (
        ('saliency', r"'a' has no saliency\. Put wsss\.LoadSaliency"),
        ('cam', r'no class_maps\. Put wsss\.LoadScores'),
        ('onehot', r'no gt_sem_seg\. Put wsss\.LoadRegions'),
    ):
        with pytest.raises(ConfigError, match=words):
            make(attribute=attribute).loss(torch.zeros(1, 3, 16, 24), [make_sample()])
    with pytest.raises(ConfigError, match=r'attribute=.colour. is unknown.*lab, onehot'):
        make(attribute='colour')
    with pytest.raises(ConfigError, match='mode must be'):
        make(attribute='lab')(torch.zeros(1, 3, 16, 16), mode='x')
    with pytest.raises(ConfigError, match=r'SuperpixelAffinityLoss\.high'):
        SuperpixelAffinityLoss(low=0.5, high=0.4)
