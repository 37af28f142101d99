# SPDX-License-Identifier: Apache-2.0
import copy

import pytest
import torch
from torch import nn

from wsss.cams import CAM, GradCAM, GradCAMPlusPlus, Preparation
from wsss.errors import ConfigError

IDS = [torch.tensor([0, 3]), torch.tensor([], dtype=torch.int64), torch.tensor([1, 2, 4])]
IDS.append(torch.tensor([3]))


def same(found, expected, tolerance=1e-4):
    for one, other in zip(found, expected):
        if other.numel():
            assert float((one - other).abs().max()) <= tolerance * float(other.max())


@pytest.mark.parametrize(
    'cam, folded',
    [
        (CAM(), True),
        (GradCAMPlusPlus(), True),
        (GradCAM(layer='backbone.stage1'), True),
        (GradCAM(layer='backbone.stage1.1'), True),
        # between convolution and batch norm
        (GradCAM(layer='backbone.stage1.0'), False),
        (GradCAM(layer=('backbone.stage1.0', 'backbone.stage2')), False),
    ],
)
def test_maps_are_those_of_the_classifier(make_classifier, images, cam, folded):
    classifier, images = make_classifier(dtype=torch.float32), images.float()
    fast = Preparation().prepare(classifier, cam, images)
    assert isinstance(fast.backbone.stage1[1], nn.Identity) == folded
    assert fast.backbone.stage1[0].weight.is_contiguous(memory_format=torch.channels_last)
    same(cam.raw_maps(fast, images, IDS), cam.raw_maps(classifier, images, IDS))


def test_the_classifier_stays_as_it_is(make_classifier, images):
    classifier, images = make_classifier(dtype=torch.float32).train(), images.float()
    state = {key: value.clone() for key, value in classifier.state_dict().items()}
    Preparation().prepare(classifier, CAM(), images)
    assert list(classifier.state_dict()) == list(state)
    assert all(torch.equal(value, state[key]) for key, value in classifier.state_dict().items())
    assert classifier.training and classifier.backbone.stage1[1].training
    assert all(p.requires_grad for n, p in classifier.named_parameters() if n != 'frozen')
    assert classifier.backbone.stage1[0].weight.is_contiguous()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in classifier.modules())


def test_the_copy_is_made_once_and_again_when_weights_change(make_classifier, images):
    classifier, images, preparation = make_classifier(), images, Preparation()
    first = preparation.prepare(classifier, CAM(), images)
    assert preparation.prepare(classifier, CAM(), images) is first
    changes = [
        lambda: classifier.load_state_dict(make_classifier(seed=1).state_dict()),
        lambda: classifier.backbone.stage2.conv.weight.data.mul_(2),  # as an average of weights is
        lambda: classifier.backbone.stage1[1].running_var.add_(1),
        lambda: setattr(classifier.head[0], 'bias', nn.Parameter(torch.zeros(5).double())),
    ]
    for change in changes:
        change()
        second = preparation.prepare(classifier, CAM(), images)
        assert second is not first
        same(CAM().raw_maps(second, images, IDS), CAM().raw_maps(classifier, images, IDS))
        first = second


def test_nothing_is_copied_where_nothing_is_asked_for(make_classifier, images):
    classifier = make_classifier()
    plain = Preparation(fold_batch_norm=False, channels_last=False, fast_pointwise=False)
    assert plain.prepare(classifier, CAM(), images) is classifier


def test_a_copy_of_the_settings_holds_no_network(make_classifier, images):
    preparation = Preparation(channels_last=False, dtype='bfloat16')
    preparation.prepare(make_classifier(), CAM(), images)
    other = copy.deepcopy(preparation)
    assert other._prepared is None
    assert (other.fold_batch_norm, other.channels_last, other.dtype) == (True, False, 'bfloat16')


def test_what_is_prepared_in_inference_mode_serves_outside(make_classifier, images):
    classifier, preparation, cam = (
        make_classifier(),
        Preparation(),
        GradCAM(layer='backbone.stage1'),
    )
    with torch.inference_mode():
        fast = preparation.prepare(classifier, cam, images * 1)
    same(cam.raw_maps(fast, images, IDS), cam.raw_maps(classifier, images, IDS))


def test_half_types_run_in_autocast_and_give_float32_maps(make_classifier, images):
    classifier, images = make_classifier(dtype=torch.float32), images.float()
    preparation, seen = Preparation(dtype='bfloat16'), []
    fast = preparation.prepare(classifier, CAM(), images)
    handle = fast.backbone.stage2.conv.register_forward_hook(lambda m, i, o: seen.append(o.dtype))
    with preparation.autocast(images.device):
        found = CAM()(fast, images, IDS)
    handle.remove()
    assert seen == [torch.bfloat16]
    for one, other in zip(found, CAM()(classifier, images, IDS)):
        assert one.scores.dtype == torch.float32
        torch.testing.assert_close(one.scores, other.scores, atol=0.1, rtol=0)


@pytest.mark.parametrize('dtype', [None, 'float32'])
def test_full_precision_is_the_default(dtype):
    with Preparation(dtype=dtype).autocast(torch.device('cpu')):
        assert not torch.is_autocast_enabled('cpu')


def test_an_unknown_dtype_is_refused():
    with pytest.raises(ConfigError, match="extraction.dtype='bfloat'.* Did you mean 'bfloat16'"):
        Preparation(dtype='bfloat')
