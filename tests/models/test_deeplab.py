# SPDX-License-Identifier: Apache-2.0
"""Heads of DeepLab V1 and V2, and the segmentor of several scales."""

import pytest
import torch
import torch.nn.functional as F
from mmengine import Config
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.structures import SegDataSample

from wsss.errors import ConfigError
from wsss.models import ASPPV2Head, LargeFOVHead
from wsss.registry import MODELS

SCALES = (1, 0.75, 0.5)


def slow_conv(image, weight, bias, dilation):
    """A dilated 3x3 convolution, tap by tap."""
    height, width = image.shape[-2:]
    padded = F.pad(image, [dilation] * 4)
    total = bias[:, None, None].expand(-1, height, width).clone()
    for y in range(3):
        for x in range(3):
            part = padded[:, y * dilation :, x * dilation :][:, :height, :width]
            total += torch.einsum('oc,chw->ohw', weight[:, :, y, x], part)
    return total


def test_aspp_of_v2_is_the_sum_of_four_dilated_convolutions():
    torch.manual_seed(0)
    head = ASPPV2Head(5, num_classes=3)
    head.init_weights()
    level = torch.randn(1, 5, 9, 26)
    expected = torch.zeros(3, 9, 26)
    for conv, dilation in zip(head.conv_seg, (6, 12, 18, 24), strict=True):
        assert not conv.bias.any()
        torch.nn.init.normal_(conv.bias)
        expected += slow_conv(level[0], conv.weight, conv.bias, dilation)
    torch.testing.assert_close(head([level])[0], expected)


def test_weights_of_aspp_start_as_published():
    torch.manual_seed(0)
    head = ASPPV2Head(256, num_classes=21)
    head.init_weights()
    weights = torch.cat([conv.weight.flatten() for conv in head.conv_seg])
    assert weights.std().item() == pytest.approx(0.01, rel=0.02) and abs(weights.mean()) < 1e-4


def test_large_fov_is_two_dilated_convolutions():
    torch.manual_seed(0)
    head = LargeFOVHead(5, 4, dilation=2, num_classes=3).eval()
    head.init_weights()
    level = torch.randn(1, 5, 7, 8)
    hidden = slow_conv(level[0], head.conv.weight, head.conv.bias, 2).clamp(min=0)
    expected = slow_conv(hidden, head.conv_seg.weight, head.conv_seg.bias, 2)
    torch.testing.assert_close(head([torch.zeros(1, 1, 1, 1), level])[0], expected)
    bound = (6 / (9 * (5 + 4))) ** 0.5
    assert 0.8 * bound < head.conv.weight.abs().max() <= bound and not head.conv.bias.any()


def network(kind='wsss.MultiScaleSegmentor', stride=2, **arguments):
    torch.manual_seed(0)
    config = dict(
        type=kind,
        data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[100.0] * 3, std=[50.0] * 3, size_divisor=1
        ),
        backbone=dict(
            type='wsss.PlainConvNet', channels=(6,), num_convs=(1,), strides=(stride,),
            out_indices=(0,),
        ),
        decode_head=dict(
            type='wsss.ASPPV2Head', in_channels=6, dilations=(1, 2), num_classes=3,
            loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
        **arguments,
    )  # fmt: skip
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(Config(dict(model=config)).model)
    for conv in model.decode_head.conv_seg:
        torch.nn.init.normal_(conv.weight)
    return model


def batch(sizes, seed=0):
    torch.manual_seed(seed)
    images = [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for size in sizes]
    samples = [SegDataSample(metainfo=dict(img_shape=s, ori_shape=s)) for s in sizes]
    for sample, size in zip(samples, sizes):
        labels = torch.randint(0, 3, (1, *size))
        labels[:, :3, :3] = 255
        sample.gt_sem_seg = PixelData(data=labels)
    return dict(inputs=images, data_samples=samples)


def slow_scores(model, images):
    found = []
    for scale in SCALES:
        size = [round(side * scale) for side in images.shape[-2:]]
        small = F.interpolate(images, size, mode='bilinear', align_corners=False)
        found.append(model.decode_head(model.backbone(small)))
    large = [F.interpolate(s, found[0].shape[-2:], mode='bilinear') for s in found]
    maximum = large[0]
    for other in large[1:]:
        maximum = torch.where(other > maximum, other, maximum)
    return found, maximum


def slow_loss(scores, labels):
    """Mean cross entropy over the cells; the label of a cell is that of the pixel in its middle."""
    total, count = 0, 0
    height, width = scores.shape[-2:]
    for n in range(len(scores)):
        for y in range(height):
            for x in range(width):
                place = (
                    int((y + 0.5) * labels.shape[-2] / height),
                    int((x + 0.5) * labels.shape[-1] / width),
                )
                label = int(labels[n, 0][place])
                if label != 255:
                    total = total - scores[n, :, y, x].log_softmax(0)[label]
                    count += 1
    return total / count


@pytest.mark.parametrize('size', [(24, 24), (21, 33), (17, 9)])
def test_the_loss_is_that_of_three_scales_and_their_maximum(size):
    model = network().train()
    data = model.data_preprocessor(batch([size, size]), training=True)
    losses = model(**data, mode='loss')
    scores, maximum = slow_scores(model, data['inputs'])
    labels = torch.stack([sample.gt_sem_seg.data for sample in data['data_samples']])
    names = ['decode_1', 'decode_0.75', 'decode_0.5', 'decode_max']
    assert {key for key in losses if 'loss' in key} == {f'{name}.loss_ce' for name in names}
    for name, each in zip(names, [*scores, maximum], strict=True):
        torch.testing.assert_close(losses[f'{name}.loss_ce'], slow_loss(each, labels))
    total, _ = model.parse_losses(losses)
    expected = sum(slow_loss(each, labels) for each in [*scores, maximum])
    torch.testing.assert_close(total, expected)
    weight = model.decode_head.conv_seg[0].weight
    found = torch.autograd.grad(total, weight, retain_graph=True)[0]
    torch.testing.assert_close(found, torch.autograd.grad(expected, weight)[0])


@pytest.mark.parametrize('size', [(24, 24), (21, 33)])
def test_prediction_takes_the_maximum(size):
    model = network().eval()
    data = batch([size])
    with torch.no_grad():
        found = model.test_step(data)[0]
        images = model.data_preprocessor(data)['inputs']
        _, maximum = slow_scores(model, images)
        assert torch.equal(model(images), maximum)
    expected = F.interpolate(maximum, size, mode='bilinear')[0]
    torch.testing.assert_close(found.seg_logits.data, expected)
    assert torch.equal(found.pred_sem_seg.data[0], expected.argmax(0))


def test_one_scale_is_an_ordinary_segmentor():
    one, plain = network(scales=(1,), stride=1), network('EncoderDecoder', stride=1)
    plain.load_state_dict(one.state_dict())
    data = batch([(12, 15)] * 2)
    given = plain.data_preprocessor(data, training=True)
    found = one(**given, mode='loss')
    torch.testing.assert_close(
        found['decode_1.loss_ce'], plain(**given, mode='loss')['decode.loss_ce']
    )
    with torch.no_grad():
        assert one.eval()(given['inputs']).shape[-2:] == (12, 15)  # so labels were not resized
        pair = [m.eval().test_step(data)[1].seg_logits.data for m in (one, plain)]
    torch.testing.assert_close(*pair)


def test_windows_and_views_are_seen_at_all_scales():
    model = network().eval()
    data = batch([(24, 40)])
    with torch.no_grad():
        images = model.data_preprocessor(data)['inputs']
        parts = [model(images[..., :24]), model(images[..., 16:])]
        model.test_cfg.update(mode='slide', crop_size=(24, 24), stride=(24, 16))
        windows = model.test_step(data)[0].seg_logits.data
        parts = [F.interpolate(part, (24, 24), mode='bilinear')[0] for part in parts]
        torch.testing.assert_close(windows[..., :16], parts[0][..., :16])
        torch.testing.assert_close(windows[..., 24:], parts[1][..., 8:])
    model.test_cfg.mode = 'whole'
    for sample in data['data_samples']:
        sample.set_metainfo(dict(img_path='a.png'))
    views = {key: [value] for key, value in data.items()}
    views['inputs'].append([image.flip(-1) for image in data['inputs']])
    mirrored = data['data_samples'][0].clone()
    mirrored.set_metainfo(dict(flip=True, flip_direction='horizontal'))
    views['data_samples'].append([mirrored])
    with torch.no_grad():
        both = SegTTAModel(module=model).test_step(views)[0].pred_sem_seg.data
        first = model.test_step(data)[0].seg_logits.data.softmax(0)
        other = model(model.data_preprocessor(dict(inputs=views['inputs'][1]))['inputs'])
        other = F.interpolate(other, (24, 40), mode='bilinear')[0].flip(-1).softmax(0)
    assert torch.equal(both[0], (first + other).argmax(0))


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(scales=()), 'scales must be positive numbers, all different'),
        (dict(scales=(1, 1)), 'scales must be positive numbers, all different'),
        (dict(scales=(1, -0.5)), r'scales\[1\] must be a number above 0'),
        (dict(auxiliary_head=dict(type='FCNHead')), 'has no auxiliary_head'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        network(**arguments)


def test_dilations_must_be_positive():
    with pytest.raises(ConfigError, match=r'ASPPV2Head.dilations\[1\] must be an integer of at'):
        ASPPV2Head(4, dilations=(6, 0), num_classes=3)
    with pytest.raises(ConfigError, match='LargeFOVHead.dilation must be an integer of at least 1'):
        LargeFOVHead(4, dilation=0, num_classes=3)
