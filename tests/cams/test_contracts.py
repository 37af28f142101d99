# SPDX-License-Identifier: Apache-2.0
"""What every registered CAM must keep; a new one is covered by being registered."""

import re
from pathlib import Path

import pytest
import torch

import wsss.cams
from wsss.cams import BaseCAM
from wsss.errors import DataError
from wsss.registry import CAMS, build

CAMS.import_from_location()
NAMES = sorted(CAMS.module_dict)


@pytest.fixture(params=NAMES)
def cam(request):
    return build(CAMS, dict(type=request.param), 'cam')


def hooks_of(model):
    return [
        (name, len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
        for name, m in model.named_modules()
    ]


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.cams.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.glob('*.py')))
    decorated = re.findall(r'@CAMS\.register_module\(\)\nclass (\w+)', source)
    ours = [name for name, cls in CAMS.module_dict.items() if cls.__module__.startswith('wsss.')]
    assert sorted(decorated) == sorted(ours)


def test_it_is_a_base_cam_with_an_example(cam):
    assert isinstance(cam, BaseCAM)
    assert 'Example:' in type(cam).__doc__


def test_maps_have_shape_range_keys_and_size(cam, make_classifier, images, classes):
    result = cam(make_classifier(), images, classes)
    assert [m.keys.tolist() for m in result] == [ids.tolist() for ids in classes]
    for maps, ids in zip(result, classes):
        assert maps.scores.shape == (len(ids), 5, 7)
        assert maps.size == (20, 28)
        assert maps.scores.is_floating_point() and not maps.scores.requires_grad
        assert bool(((maps.scores >= 0) & (maps.scores <= 1)).all())


def test_raw_maps_are_not_negative_and_not_normalised(cam, make_classifier, images, classes):
    classifier = make_classifier()
    raw = cam.raw_maps(classifier, images, classes)
    assert all(bool((maps >= 0).all()) for maps in raw)
    for maps, normalised in zip(raw, cam(classifier, images, classes)):
        torch.testing.assert_close(cam.normalize(maps), normalised.scores)


def test_a_batch_gives_what_single_images_give(cam, make_classifier, images, classes):
    classifier = make_classifier()
    together = cam.raw_maps(classifier, images, classes)
    for i in range(len(images)):
        (alone,) = cam.raw_maps(classifier, images[i : i + 1], classes[i : i + 1])
        torch.testing.assert_close(alone, together[i])


def test_a_permuted_batch_gives_the_same_maps(cam, make_classifier, images, classes):
    classifier = make_classifier()
    order = [2, 0, 3, 1]
    plain = cam.raw_maps(classifier, images, classes)
    permuted = cam.raw_maps(classifier, images[order], [classes[i] for i in order])
    for position, i in enumerate(order):
        torch.testing.assert_close(permuted[position], plain[i])


def test_classes_come_in_the_order_asked_for(cam, make_classifier, images):
    classifier = make_classifier()
    (ahead,) = cam.raw_maps(classifier, images[:1], [torch.tensor([1, 4, 2])])
    (back,) = cam.raw_maps(classifier, images[:1], [torch.tensor([2, 4, 1])])
    torch.testing.assert_close(ahead, back.flip(0))


def test_a_batch_without_any_class_gives_empty_maps(cam, make_classifier, images):
    result = cam(make_classifier(), images[:2], [torch.tensor([], dtype=torch.int64)] * 2)
    assert [tuple(m.scores.shape) for m in result] == [(0, 5, 7)] * 2


def test_a_blank_feature_map_gives_blank_maps(cam, make_classifier, images, classes):
    classifier = make_classifier()
    torch.nn.init.constant_(classifier.backbone.stage2.conv.bias, -1e3)
    for maps in cam(classifier, images, classes):
        assert float(maps.scores.sum()) == 0


@pytest.mark.parametrize('mode', ['no_grad', 'enabled', 'inference'])
def test_it_works_in_every_gradient_mode_and_leaves_it(cam, make_classifier, images, classes, mode):
    classifier = make_classifier()
    expected = cam.raw_maps(classifier, images, classes)
    context = {
        'no_grad': torch.no_grad(),
        'enabled': torch.enable_grad(),
        'inference': torch.inference_mode(),
    }[mode]
    with context:
        enabled = torch.is_grad_enabled()
        found = cam.raw_maps(classifier, images * 1, classes)
        assert torch.is_grad_enabled() == enabled
        assert torch.is_inference_mode_enabled() == (mode == 'inference')
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other)


def test_nothing_is_left_behind(cam, make_classifier, images, classes):
    classifier = make_classifier()
    hooks, before = hooks_of(classifier), images.clone()
    state = {k: v.clone() for k, v in classifier.state_dict().items()}
    cam(classifier, images, classes)
    assert hooks_of(classifier) == hooks
    assert all(parameter.grad is None for parameter in classifier.parameters())
    assert torch.equal(images, before) and images.grad is None
    assert all(torch.equal(v, state[k]) for k, v in classifier.state_dict().items())


def test_hooks_and_modes_are_restored_after_an_error(cam, make_classifier, images):
    classifier = make_classifier().train()
    hooks = hooks_of(classifier)
    with pytest.raises(DataError, match=r'class ids \[9\] .* outside 0\.\.4'):
        cam(classifier, images, [torch.tensor([9])] * 4)
    assert hooks_of(classifier) == hooks
    assert classifier.backbone.training and torch.is_grad_enabled()


def test_training_mode_gives_the_maps_of_evaluation_mode(cam, make_classifier, images, classes):
    classifier = make_classifier()
    expected = cam.raw_maps(classifier, images, classes)
    classifier.train()
    classifier.backbone.stage1[1].eval()
    found = cam.raw_maps(classifier, images, classes)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other)
    assert classifier.training and not classifier.backbone.stage1[1].training


def test_frozen_parameters_are_no_obstacle(cam, make_classifier, images, classes):
    classifier = make_classifier()
    expected = cam.raw_maps(classifier, images, classes)
    for parameter in classifier.parameters():
        parameter.requires_grad = False
    for one, other in zip(cam.raw_maps(classifier, images, classes), expected):
        torch.testing.assert_close(one, other)


def test_half_precision_features_give_float32_maps(cam, make_classifier, images, classes):
    classifier = make_classifier(dtype=torch.float32)
    expected = cam(classifier, images.float(), classes)
    with torch.autocast('cpu', torch.bfloat16):
        found = cam(classifier, images.float(), classes)
    for one, other in zip(found, expected):
        assert one.scores.dtype == torch.float32
        torch.testing.assert_close(one.scores, other.scores, atol=0.1, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs an accelerator')
def test_an_accelerator_gives_the_maps_of_the_cpu(cam, make_classifier, images, classes):
    classifier = make_classifier()
    expected = cam.raw_maps(classifier, images, classes)
    found = cam.raw_maps(classifier.cuda(), images.cuda(), classes)
    for one, other in zip(found, expected):
        assert one.is_cuda
        torch.testing.assert_close(one.cpu(), other)


def test_a_wrong_number_of_class_sets_is_refused(cam, make_classifier, images, classes):
    with pytest.raises(ValueError, match='one tensor of classes each'):
        cam.raw_maps(make_classifier(), images, classes[:2])
