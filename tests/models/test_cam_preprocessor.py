# SPDX-License-Identifier: Apache-2.0
"""Batches of images that may be padded."""

import numpy as np
import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample

from wsss.errors import DataError
from wsss.models import CAMPreprocessor

MEAN, STD = [10.0, 20.0, 30.0], [50.0, 60.0, 70.0]
AUGMENTS = {
    'none': None,
    'Mixup': dict(type='mmpretrain.Mixup', alpha=0.8),
    'CutMix': dict(type='mmpretrain.CutMix', alpha=1.0),
    'ResizeMix': dict(type='mmpretrain.ResizeMix', alpha=1.0),
    'FMix': dict(type='wsss.FMix'),
    'ManifoldMixup': dict(type='wsss.ManifoldMixup', stages=['input']),
}


def options(augment=None, **others):
    mixing = dict(augments=[augment]) if augment else None
    return dict(num_classes=3, to_onehot=True, batch_augments=mixing, **others)


def batch(channels=3, count=4, size=(8, 12), tensor=False):
    """Return a batch; a fourth channel says that the last columns are padded."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, *size), generator=random, dtype=torch.uint8)
    if channels == 4:
        valid = torch.full((count, 1, *size), 255, dtype=torch.uint8)
        for i in range(count):
            valid[i, :, :, size[1] - i :] = 0
        images = torch.cat([images, valid], 1)
    samples = [DataSample().set_gt_label(torch.tensor([i % 3])) for i in range(count)]
    return dict(inputs=images if tensor else list(images), data_samples=samples)


def run(cls, data, training=True, seed=0, **arguments):
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - batch augments of mmpretrain draw from it
    found = cls(**arguments)(data, training)
    return found['inputs'], torch.stack([s.gt_score for s in found['data_samples']])


@pytest.mark.parametrize('augment', AUGMENTS.values(), ids=AUGMENTS)
@pytest.mark.parametrize('tensor', [False, True])
@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('to_rgb', [False, True])
def test_colours_and_labels_are_the_parents(augment, tensor, training, to_rgb):
    arguments = options(augment, mean=MEAN, std=STD, to_rgb=to_rgb, pad_size_divisor=5)
    images, scores = run(ClsDataPreprocessor, batch(tensor=tensor), training, **arguments)
    for channels in (3, 4):
        data = batch(channels, tensor=tensor)
        found, labels = run(CAMPreprocessor, data, training, **arguments)
        assert found.shape[1] == (4 if channels == 4 and training else 3)
        assert torch.equal(found[:, :3], images) and torch.equal(labels, scores)


@pytest.mark.parametrize('augment', list(AUGMENTS.values())[1:], ids=list(AUGMENTS)[1:])
def test_validity_is_mixed_like_the_pixels(augment):
    data = batch(4, size=(32, 32))
    # the first colour is the validity, so it must stay so
    data['inputs'] = [torch.cat([image[3:], image[1:]]) for image in data['inputs']]
    changed = False
    for seed in range(5):
        arguments = options(augment, mean=[0.0] * 3, std=[255.0] * 3)
        found, _ = run(CAMPreprocessor, data, seed=seed, **arguments)
        torch.testing.assert_close(found[:, 3], found[:, 0])
        before = torch.stack([image[3] for image in data['inputs']]) / 255
        changed |= not torch.equal(found[:, 3], before)
    assert changed


def test_a_blend_of_image_and_padding_has_the_weight_of_the_image():
    data = batch(4, count=2, size=(1, 2))
    for image, valid in zip(data['inputs'], ([255, 255], [255, 0])):
        image[3, 0] = torch.tensor(valid)
    # a seed whose permutation swaps the two
    found, labels = run(CAMPreprocessor, data, seed=1, **options(AUGMENTS['Mixup']))
    share = labels[0, 0].item()
    assert 0 < share < 1
    assert found[0, 3, 0].tolist() == pytest.approx([1, share])
    assert found[1, 3, 0].tolist() == pytest.approx([1, 1 - share])


@pytest.mark.parametrize('tensor', [False, True])
def test_what_the_size_divisor_adds_is_no_image(tensor):
    found, _ = run(CAMPreprocessor, batch(4, 1, (2, 3), tensor), **options(pad_size_divisor=4))
    assert found[0, 3].tolist() == [[1, 1, 1, 0]] * 2 + [[0] * 4] * 2


def test_what_makes_images_of_a_batch_alike_is_no_image():
    data = batch(4, 2, (2, 2))
    data['inputs'] = [data['inputs'][0], data['inputs'][0][:, :1, :1]]
    found, _ = run(CAMPreprocessor, data, **options())
    assert found[:, 3].tolist() == [[[1, 1], [1, 1]], [[1, 0], [0, 0]]]


def test_without_labels_nothing_is_mixed():
    data = dict(inputs=batch(4)['inputs'])
    found = CAMPreprocessor(**options(AUGMENTS['Mixup']))(data, training=True)
    assert torch.equal(found['inputs'][:, :3], torch.stack(data['inputs'])[:, :3].float())
    assert set(found['inputs'][:, 3].unique().tolist()) == {0, 1}


def test_a_batch_of_both_kinds_is_refused():
    data = dict(inputs=batch(3, 1)['inputs'] + batch(4, 1)['inputs'])
    with pytest.raises(DataError, match=r'channels\. Crop all with wsss\.PaddedCrop or none'):
        CAMPreprocessor()(data, training=True)
