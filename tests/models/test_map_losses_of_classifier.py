# SPDX-License-Identifier: Apache-2.0
"""A classifier that trains with mixed images and terms on its maps."""

import pytest
import torch
from mmpretrain.structures import DataSample

from wsss.errors import ConfigError
from wsss.models import CAMClassifier
from wsss.models.classifiers.training_maps import soft_labels, training_maps

TERMS = [dict(type='wsss.EntropyLoss'), dict(type='wsss.ConcentrationLoss')]


def make(augments=(), map_losses=(), neck=True, **head):
    torch.manual_seed(0)
    preprocessor = dict(
        mean=[127.0] * 3, std=[60.0] * 3, to_onehot=True, num_classes=3,
        batch_augments=dict(augments=list(augments)) if augments else None,
    )  # fmt: skip
    model = CAMClassifier(
        data_preprocessor=preprocessor,
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='mmpretrain.GlobalAveragePooling') if neck else None,
        head=dict(
            type='MultiLabelLinearClsHead', num_classes=3, in_channels=64,
            loss=dict(type='CrossEntropyLoss', use_sigmoid=True), **head,
        ),
        map_losses=map_losses,
    )  # fmt: skip
    model.train()
    return model


@pytest.fixture
def batch():
    torch.manual_seed(1)
    labels = ([0], [1, 2], [2], [0, 1])
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in labels]
    return dict(inputs=list(torch.randint(0, 256, (4, 3, 48, 64))), data_samples=samples)


def losses_of(model, batch, seed=2):
    torch.manual_seed(seed)
    data = model.data_preprocessor(batch, training=True)
    return model(**data, mode='loss'), data


def test_the_mean_of_the_maps_is_the_logit(batch):
    model = make()
    features = model.extract_feat(torch.randn(2, 3, 48, 64), stage='backbone')
    maps = training_maps(model.head, features[-1])
    logits = model.head(model.neck(features))
    assert maps.shape == (2, 3, 2, 2)
    assert torch.allclose(maps.mean(dim=(2, 3)), logits, atol=1e-5)


@pytest.mark.parametrize(
    'augment',
    [
        None,
        dict(type='Mixup', alpha=0.2),
        dict(type='wsss.FMix'),
        dict(type='wsss.ManifoldMixup', stages=['input', 'layer1', 'layer3']),
    ],
)
def test_terms_of_mixed_images_reach_the_backbone(batch, augment):
    """The entropy of labels in place of logits has no gradient, which no value shows."""
    model = make([augment] if augment else [], TERMS)
    found, _ = losses_of(model, batch)
    assert set(found) == {'loss', 'loss_entropy', 'loss_concentration'}
    for name in ('loss_entropy', 'loss_concentration'):
        model.zero_grad()
        found[name].backward(retain_graph=True)
        assert float(model.backbone.conv1.weight.grad.abs().max()) > 0
    assert all(torch.isfinite(value).all() for value in found.values())


def test_the_loss_of_the_head_is_the_same_with_and_without_terms(batch):
    with_terms, _ = losses_of(make(map_losses=TERMS), batch)
    without, _ = losses_of(make(), batch)
    assert with_terms['loss'].item() == pytest.approx(without['loss'].item(), abs=1e-6)


def test_a_soft_target_gives_the_mean_of_the_losses_on_both_labels(batch):
    model = make([dict(type='Mixup', alpha=0.5)])
    found, data = losses_of(model, batch)
    logits = model.head(model.neck(model.extract_feat(data['inputs'], stage='backbone')))
    target = soft_labels(data['data_samples'], 3, logits)
    assert ((target > 0) & (target < 1)).any()
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction='none')
    # mmpretrain sums over the classes
    assert found['loss'].item() == pytest.approx(bce.sum(1).mean().item(), abs=1e-5)


def test_labels_without_scores_become_multi_hot():
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in ([2, 0], [1])]
    assert soft_labels(samples, 3, torch.zeros(1)).tolist() == [[1, 0, 1], [0, 1, 0]]


def test_weights_are_those_of_a_model_without_terms():
    assert make(map_losses=TERMS).state_dict().keys() == make().state_dict().keys()


def test_a_stage_that_the_backbone_has_not_is_refused():
    with pytest.raises(ConfigError, match="no module 'layer7'"):
        make([dict(type='wsss.ManifoldMixup', stages=['layer7'])])


def test_terms_need_maps(batch):
    model = make(map_losses=TERMS)
    model.head.fc = torch.nn.Sequential(model.head.fc)
    with pytest.raises(ConfigError, match='needs a head with a linear layer fc'):
        losses_of(model, batch)
