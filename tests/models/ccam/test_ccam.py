# SPDX-License-Identifier: Apache-2.0
"""The model of class-agnostic maps."""

import pytest
import torch
from mmpretrain.structures import DataSample

from wsss.errors import ConfigError, DataError
from wsss.models import CCAM
from wsss.structures import WSSSDataSample


def make(**kwargs):
    torch.manual_seed(0)
    config = dict(
        backbone=dict(type='ResNet', depth=18, base_channels=8, out_indices=(2, 3)),
        in_channels=(32, 64),
        output_stride=16,
        data_preprocessor=dict(mean=[120.0] * 3, std=[60.0] * 3),
    )
    return CCAM(**{**config, **kwargs}).eval()


def view(seed, h=64, w=64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, h, w), generator=generator, dtype=torch.uint8)


def batch(labels, sizes):
    samples = [
        WSSSDataSample(gt_label=torch.tensor(ids), metainfo=dict(image_id=str(i), ori_shape=size))
        for i, (ids, size) in enumerate(zip(labels, sizes))
    ]
    return dict(
        inputs=[[view(i), view(i, 32, 32)] for i in range(len(labels))], data_samples=samples
    )


def train_sample(*ids):
    return DataSample().set_gt_label(torch.tensor(ids))


def test_each_class_of_a_label_gets_the_same_map_and_no_label_none():
    samples = make().test_step(batch([[5, 2], [], [0]], [(60, 44), (30, 30), (33, 50)]))
    maps = [sample.score_maps for sample in samples]
    assert [m.keys.tolist() for m in maps] == [[2, 5], [], [0]]
    assert [tuple(m.scores.shape) for m in maps] == [(2, 15, 11), (0, 8, 8), (1, 9, 13)]
    assert torch.equal(maps[0].scores[0], maps[0].scores[1])
    assert float(maps[0].scores.max()) == pytest.approx(1, abs=1e-3)


def test_a_map_is_the_positive_part_of_the_logits_of_one_view():
    model = make(fusion=dict(flip=False, stride=16))
    data = batch([[0]], [(64, 64)])
    data['inputs'] = [[view(0)]]
    found = model.test_step(data)[0].score_maps.scores[0]
    logits = model.members[0](model.normalize_views(view(0)[None]))[0][0, 0].relu()
    assert torch.allclose(found, (logits / (logits.max() + 1e-5)).detach(), atol=1e-3)


def test_the_sign_turns_the_map():
    model = make(norm='sigmoid')
    data = batch([[0]], [(64, 64)])
    upright = model.test_step(data)[0].score_maps.scores.clone()
    model.signs.fill_(-1)
    turned = model.test_step(batch([[0]], [(64, 64)]))[0].score_maps.scores
    assert torch.allclose(turned, 1 - upright, atol=1e-5)


def test_polarity_of_each_image_is_that_of_its_corners():
    model = make(polarity='image')
    high, low = torch.full((1, 1, 4, 4), 0.6), torch.full((1, 1, 4, 4), 0.4)
    for logits, expected in ((high, 0.4), (low, 0.4)):
        model.members[0].forward = lambda images, logits=logits: (logits, None)
        assert float(model.signed_logits(view(0)[None], [[0]]).mean()) == pytest.approx(expected)


def test_training_pushes_the_loss_down_and_reaches_the_backbone():
    model = make().train()
    images = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    seen = []
    for _ in range(8):
        total = sum(model(images, [train_sample(0)] * 6, mode='loss').values())
        optimizer.zero_grad()
        total.backward()
        seen.append(float(total))
        optimizer.step()
    assert seen[-1] < seen[0]
    assert any(bool(p.grad.any()) for p in model.members[0].levels.parameters())


def test_only_the_model_of_the_group_is_trained():
    model = make(group_by=(0, 1, 1)).train()
    images = torch.randn(4, 3, 64, 64)
    samples = [train_sample(1), train_sample(2)] * 2
    sum(model(images, samples, mode='loss').values()).backward()
    grads = [any(p.grad is not None for p in member.parameters()) for member in model.members]
    assert grads == [False, True]


def test_maps_come_from_the_model_of_the_group():
    model = make(group_by=(0, 1))
    torch.nn.init.normal_(model.members[1].head.weight)
    data = batch([[0], [1], [0]], [(64, 64)] * 3)
    together = [s.score_maps.scores.clone() for s in model.test_step(data)]
    for index, label in enumerate([0, 1, 0]):
        one = batch([[label]] * 3, [(64, 64)] * 3)
        one = dict(inputs=[one['inputs'][index]], data_samples=[one['data_samples'][index]])
        assert torch.allclose(model.test_step(one)[0].score_maps.scores, together[index], atol=1e-4)


def test_all_groups_begin_alike():
    model = make(group_by=(0, 1, 2))
    model.init_weights()
    first, *others = (member.state_dict() for member in model.members)
    for other in others:
        assert all(torch.equal(other[key], first[key]) for key in first)


def test_a_batch_of_several_groups_is_refused():
    with pytest.raises(ConfigError, match='GroupSampler'):
        make(group_by=(0, 1)).loss(torch.randn(2, 3, 64, 64), [train_sample(0), train_sample(1)])


def test_an_image_of_no_group_is_refused():
    with pytest.raises(DataError, match='group_by'):
        make(group_by=(0, 1)).test_step(batch([[2]], [(64, 64)]))


@pytest.mark.parametrize(
    'wrong, words',
    [
        (dict(alpha=-1), 'CCAM.alpha'),
        (dict(group_by=[0, -1]), 'CCAM.group_by'),
        (dict(polarity='img'), "Did you mean 'image'"),
        (dict(in_channels=(32,)), 'levels'),
    ],
)
def test_bad_values_are_named(wrong, words):
    with pytest.raises(ConfigError, match=words):
        model = make(**wrong)
        model(torch.randn(1, 3, 64, 64))
