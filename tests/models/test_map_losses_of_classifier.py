# SPDX-License-Identifier: Apache-2.0
"""A classifier that trains with mixed images and terms on its maps."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from wsss.errors import ConfigError
from wsss.models import CAMClassifier, FeatureClassifier
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
    data = model.data_preprocessor(copy.deepcopy(batch), training=True)
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


class Patches(torch.nn.Conv2d):
    """A backbone whose cells see nothing of their neighbours."""

    def __init__(self):
        torch.manual_seed(3)
        super().__init__(3, 64, 8, 8)

    def forward(self, images):
        return (super().forward(images),)


def test_terms_on_features_need_a_model_that_gives_them():
    with pytest.raises(ConfigError, match='ReconstructionLoss needs features'):
        make(map_losses=[dict(type='wsss.ReconstructionLoss')])


def padded(images, columns):
    """Return images with so many columns of the mean colour to their right, and a validity."""
    valid = torch.full_like(images[:, :1], 255)
    colours = F.pad(images, (0, columns), value=127)
    return torch.cat([colours, F.pad(valid, (0, columns))], 1)


@pytest.fixture
def patches(batch):
    model = make(map_losses=[dict(type='wsss.EntropyLoss', level=x) for x in ('pixel', 'image')])
    model.backbone = Patches()
    batch['inputs'] = torch.stack(batch['inputs'])
    return model, batch


def test_entropy_of_half_padded_images_is_that_of_the_images(patches):
    model, batch = patches
    expected, _ = losses_of(model, batch)
    batch['inputs'] = padded(batch['inputs'], 64)
    found, data = losses_of(model, batch)
    assert data['inputs'].shape == (4, 4, 48, 128)
    assert found['loss_entropy'].item() == pytest.approx(expected['loss_entropy'].item(), rel=1e-5)
    unaware, _ = losses_of(model, {**batch, 'inputs': batch['inputs'][:, :3]})
    assert abs(unaware['loss_entropy'].item() / expected['loss_entropy'].item() - 1) > 1e-3


def test_spread_of_half_padded_images_by_hand(batch):
    """A uniform map of 4 x 4 cells beside 4 x 4 padded ones."""
    model = make(map_losses=[dict(type='wsss.ConcentrationLoss', loss_weight=1.0)])
    model.backbone = Patches()
    for parameter in model.backbone.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    torch.nn.init.constant_(model.head.fc.weight, 0.1)
    batch['inputs'] = padded(torch.full((4, 3, 32, 32), 128, dtype=torch.uint8), 32)
    found, _ = losses_of(model, batch)
    # squares of +-0.75 and +-0.25 down, of half of it across; 1.5 classes in an image
    assert found['loss_concentration'].item() == pytest.approx(1.5 * (0.3125 + 0.078125), rel=1e-5)


@pytest.mark.parametrize('columns', [2, 4, 6])
def test_a_cell_counts_by_the_share_of_it_that_shows_an_image(patches, columns):
    model, batch = patches
    batch['inputs'] = padded(batch['inputs'][..., : 8 - columns], columns)
    seen = []
    for term in model.map_losses:
        term.term = lambda maps, target, valid: seen.append(valid) or maps.sum()
    losses_of(model, batch)
    assert len(seen) == 2 and seen[0].shape == (4, 1, 6, 1)
    assert (seen[0] == 1 - columns / 8).all()


@pytest.mark.parametrize('augment', [None, dict(type='wsss.FMix')])
@pytest.mark.parametrize('cls', [CAMClassifier, FeatureClassifier])
def test_the_network_and_its_head_do_not_see_validity(batch, augment, cls):
    models = [make([augment] if augment else [], terms) for terms in ((), TERMS)]
    batch['inputs'] = padded(torch.stack(batch['inputs']), 16)
    unaware = {**batch, 'inputs': batch['inputs'][:, :3]}
    for model in models:
        model.__class__ = cls
        found, expected = losses_of(model, batch)[0], losses_of(model, unaware)[0]
        assert found['loss'].item() == pytest.approx(expected['loss'].item(), rel=1e-5)
        sum(found.values()).backward()
        assert model.head.fc.weight.grad.isfinite().all()


def test_at_test_validity_is_left_out(batch):
    model = make(map_losses=TERMS).eval()
    batch['inputs'] = list(padded(torch.stack(batch['inputs']), 16))
    found = [sample.pred_score.tolist() for sample in model.val_step(batch)]
    batch['inputs'] = [image[:3] for image in batch['inputs']]
    assert found == [sample.pred_score.tolist() for sample in model.val_step(batch)]


def test_a_batch_of_one_image_trains_as_it_is(batch):
    data = {key: value[:1] for key, value in batch.items()}
    plain, _ = losses_of(make(), data)
    for augment in (dict(type='Mixup', alpha=1), dict(type='wsss.FMix')):
        mixed, _ = losses_of(make([augment]), data)
        assert mixed['loss'].item() == pytest.approx(plain['loss'].item(), abs=1e-6)


@pytest.mark.parametrize('augment', [dict(type='Mixup', alpha=0.2), dict(type='wsss.FMix')])
def test_images_without_any_label_train_with_finite_losses(batch, augment):
    for sample in batch['data_samples']:
        sample.set_gt_label(torch.zeros(0, dtype=torch.int64))
    found, _ = losses_of(make([augment], TERMS), batch)
    assert all(torch.isfinite(value) for value in found.values())
    assert found['loss_concentration'].item() == 0


@pytest.mark.parametrize(
    ('mixing', 'words'),
    [
        (
            dict(augments=dict(type='Mixup', alpha=0)),
            r'augments\[0\].alpha must be a number above 0',
        ),
        (dict(augments=[dict(type='mmpretrain.CutMix', alpha=-1)]), r'augments\[0\].alpha'),
        (dict(augments=[dict(type='Mixup')]), r'augments\[0\].alpha'),
        (dict(augments=[dict(type='wsss.FMix', alpha=0)]), 'FMix.alpha must be a number above 0'),
        (dict(augments=[dict(type='ResizeMix', alpha=1, lam_max=1.5)]), r'\[0\].lam_max.*\[0, 1\]'),
        (dict(augments=[dict(type='CutMix', alpha=1, cutmix_minmax=(-1, 2))]), 'cutmix_minmax'),
        (dict(augments=[dict(type='wsss.FMix')], probs=1.5), r'probs\[0\] must be a number in'),
        (dict(augments=[dict(type='wsss.FMix')], probs=[0.5, 0.5]), r'probs must be 1 numbers'),
        (dict(augments=[dict(type='wsss.FMix')] * 2, probs=[0.9, 0.9]), 'whose sum is at most 1'),
    ],
)
def test_mixing_that_cannot_be_is_refused_before_the_training(mixing, words):
    preprocessor = dict(to_onehot=True, num_classes=3, batch_augments=mixing)
    with pytest.raises(ConfigError, match=words):
        CAMClassifier(
            backbone=dict(type='mmpretrain.ResNet', depth=18), data_preprocessor=preprocessor
        )


def test_mixing_without_a_number_of_classes_is_refused():
    preprocessor = dict(batch_augments=dict(augments=[dict(type='wsss.FMix')]))
    with pytest.raises(ConfigError, match='data_preprocessor.num_classes must be set'):
        CAMClassifier(
            backbone=dict(type='mmpretrain.ResNet', depth=18), data_preprocessor=preprocessor
        )


@pytest.mark.parametrize(
    'loss',
    [
        dict(type='CrossEntropyLoss'),
        dict(type='CrossEntropyLoss', use_soft=True),
        dict(type='LabelSmoothLoss', label_smooth_val=0.1),
        dict(type='wsss.SoftmaxFocalLoss'),
    ],
)
def test_a_softmax_in_a_multi_label_head_is_refused(loss):
    with pytest.raises(ConfigError, match=r'model.head.loss: \w+ is a softmax.*use_sigmoid=True'):
        CAMClassifier(
            backbone=dict(type='mmpretrain.ResNet', depth=18),
            head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=64, loss=loss),
        )
