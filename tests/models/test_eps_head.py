# SPDX-License-Identifier: Apache-2.0
"""A classifier whose maps are taught by saliency."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from wsss.cams import CAM, SoftmaxCAM
from wsss.errors import ConfigError
from wsss.models import CAMClassifier, EPSHead, EPSLoss
from wsss.models.classifiers.training_maps import on_cells
from wsss.ops.eps import eps_loss
from wsss.structures import WSSSDataSample


def make(augments=(), map_losses=(dict(type='wsss.EPSLoss'),), head='wsss.EPSHead', **others):
    torch.manual_seed(0)
    return CAMClassifier(
        data_preprocessor=dict(
            mean=[127.0] * 3, std=[60.0] * 3, to_onehot=True, num_classes=3,
            batch_augments=dict(augments=list(augments)) if augments else None,
        ),
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(type=head, num_classes=3, in_channels=64),
        map_losses=map_losses,
        **others,
    ).train()  # fmt: skip


@pytest.fixture
def batch():
    """Two images with validity and saliency; the right quarter of the first is padded."""
    torch.manual_seed(1)
    images = torch.randint(0, 256, (2, 5, 64, 64), dtype=torch.uint8)
    images[:, 3] = 255
    images[0, :, :, 48:] = torch.tensor([127, 127, 127, 0, 0], dtype=torch.uint8)[:, None, None]
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in ([0, 2], [1])]
    return dict(inputs=list(images), data_samples=samples)


def losses_of(model, batch, seed=2):
    torch.manual_seed(seed)
    data = model.data_preprocessor(copy.deepcopy(batch), training=True)
    return model(**data, mode='loss'), data['inputs']


def test_labels_teach_the_classes_by_the_multi_label_soft_margin_loss():
    head, features = EPSHead(3, 8), torch.randn(2, 8)
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in ([0, 2], [1])]
    found = head.loss((features,), samples)
    target = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
    expected = F.multilabel_soft_margin_loss(features @ head.fc.weight.T, target)
    assert list(found) == ['loss']
    assert found['loss'].item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_mean_of_the_maps_of_classes_is_their_logit_and_background_is_first():
    head, features = EPSHead(3, 8), torch.randn(2, 8, 4, 5)
    maps = head.maps(features)
    logits = head((features.mean(dim=(2, 3)),))
    assert maps.shape == (2, 4, 4, 5) and logits.shape == (2, 3)
    torch.testing.assert_close(maps[:, 1:].mean(dim=(2, 3)), logits)
    torch.testing.assert_close(
        maps[:, 0].mean(dim=(1, 2)), head.background_fc(features.mean(dim=(2, 3)))[:, 0]
    )


def test_saliency_of_a_cell_is_the_mean_over_what_shows_the_image():
    channels = torch.zeros(1, 2, 2, 8)
    channels[0, 0, :, :6] = 1
    channels[0, 1, 0, 2:6] = 1
    valid, saliency = on_cells(channels, (1, 2))
    assert valid.flatten().tolist() == [1, 0.5]
    assert saliency.flatten().tolist() == [0.25, 0.5]
    valid, saliency = on_cells(torch.zeros(1, 2, 2, 8), (1, 2))
    assert valid.abs().sum() == saliency.abs().sum() == 0
    assert (
        on_cells(channels[:, :1], (1, 2))[1] is None
        and on_cells(channels[:, :0], (1, 2))[0] is None
    )


def test_the_term_is_the_loss_of_maps_and_saliency_of_the_cells(batch):
    model = make(map_losses=[dict(type='wsss.EPSLoss', tau=0.3, lam=0.9, loss_weight=0.5)])
    # batch statistics, as in the training
    features = model.extract_feat(losses_of(model, batch)[1][:, :3], stage='backbone')[-1]
    found, inputs = losses_of(model, batch)
    valid, saliency = on_cells(inputs[:, 3:], features.shape[2:])
    assert valid[0].flatten().tolist() == [1, 0.5] * 2
    labels = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
    maps = model.head.maps(features)
    expected = 0.5 * eps_loss(maps, saliency, labels, 0.3, 0.9, valid=valid)
    assert set(found) == {'loss', 'loss_eps'}
    assert found['loss_eps'].item() == pytest.approx(expected.item(), rel=1e-5)
    found['loss_eps'].backward()
    for part in (model.head.background_fc, model.head.fc, model.backbone.conv1):
        assert part.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    'augment',
    [
        dict(type='Mixup', alpha=0.8),
        dict(type='CutMix', alpha=1.0),
        dict(type='wsss.FMix'),
        dict(type='wsss.ManifoldMixup', stages=['input']),
    ],
)
def test_saliency_is_mixed_like_the_pixels(batch, augment):
    for image in batch['inputs']:
        image[4] = image[0]
    model = make([augment])
    model.data_preprocessor.mean.zero_()
    model.data_preprocessor.std.fill_(255)
    found, inputs = losses_of(model, batch)
    shown = inputs[:, 3] == 1
    torch.testing.assert_close(inputs[:, 4][shown], inputs[:, 0][shown])
    assert found['loss_eps'].isfinite()


def test_other_terms_see_the_maps_of_classes_alone(batch):
    both = make(map_losses=[dict(type='wsss.EntropyLoss'), dict(type='wsss.EPSLoss')])
    alone = make(map_losses=[dict(type='wsss.EntropyLoss')], head='MultiLabelLinearClsHead')
    state = {key: value for key, value in both.state_dict().items() if 'background' not in key}
    alone.load_state_dict({**state, 'head.fc.bias': torch.zeros(3)})
    expected = losses_of(alone, batch)[0]['loss_entropy'].item()
    assert losses_of(both, batch)[0]['loss_entropy'].item() == pytest.approx(expected)


@pytest.fixture
def explained():
    """Return how a model explains an image at two scales and mirrored."""

    def explain(model, ids=(0, 2)):
        torch.manual_seed(3)
        views = [torch.randint(0, 256, (3, *size)) for size in ((64, 96), (32, 48))]
        sample = WSSSDataSample(gt_label=torch.tensor(ids), metainfo=dict(ori_shape=(64, 96)))
        model.eval()
        return model.test_step(dict(inputs=[views], data_samples=[sample]))[0].score_maps

    return explain


@pytest.mark.parametrize('cam', ['CAM', 'SoftmaxCAM'])
def test_maps_of_several_scales_are_those_of_the_classes(explained, cam):
    model = make(cam=dict(type=f'wsss.{cam}'))
    torch.nn.init.uniform_(model.head.fc.weight)
    maps = explained(model)
    assert maps.keys.tolist() == [0, 2] and maps.scores.shape == (2, 16, 24)
    assert (maps.scores >= 0).all() and maps.scores.amax(dim=(1, 2)).min() > 0.99
    # a background that is sure everywhere leaves shares small, but not logits
    raw = make(cam=dict(type=f'wsss.{cam}', norm='none'))
    raw.load_state_dict(model.state_dict())
    before = explained(raw).scores
    raw.head.background_fc.weight.data.fill_(100)
    after = explained(raw).scores
    assert torch.allclose(after, before) == (cam == 'CAM')


def test_shares_are_those_of_a_softmax_with_the_background():
    model, images = make().eval(), torch.randn(2, 3, 64, 96)
    torch.nn.init.normal_(model.head.fc.weight)
    classes = [torch.tensor([1]), torch.tensor([0, 2])]
    found = SoftmaxCAM().raw_maps(model, images, classes)
    with torch.no_grad():
        shares = model.head.maps(model.extract_feat(images, stage='backbone')[-1]).softmax(1)
    torch.testing.assert_close(found[0], shares[0, [2]])
    torch.testing.assert_close(found[1], shares[1, [1, 3]])


def test_predictions_are_of_the_classes(batch):
    model = make().eval()
    found = model.val_step(batch)
    assert all(sample.pred_score.shape == (3,) for sample in found)
    expected = CAM().raw_maps(model, torch.zeros(1, 3, 64, 64), [torch.tensor([0])])
    assert expected[0].shape == (1, 2, 2)


def test_images_without_saliency_are_refused(batch):
    batch['inputs'] = [image[:4] for image in batch['inputs']]
    with pytest.raises(ConfigError, match=r'Put wsss\.LoadSaliency and wsss\.AppendSaliency'):
        losses_of(make(), batch)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (
            lambda: make(head='mmpretrain.MultiLabelLinearClsHead'),
            "EPSLoss needs a map of the background, .*model.head.type='wsss.EPSHead'",
        ),
        (
            lambda: make([dict(type='wsss.ManifoldMixup', stages=['input', 'layer2'])]),
            'ManifoldMixup mixes within the network',
        ),
        (lambda: EPSLoss(tau=2), r'EPSLoss\.tau must be a number in \[0, 1\]'),
        (lambda: EPSLoss(lam=-1), r'EPSLoss\.lam'),
        (lambda: EPSLoss(routing='sure'), r"EPSLoss\.routing='sure'"),
        (
            lambda: SoftmaxCAM().raw_maps(
                make(map_losses=[], head='mmpretrain.MultiLabelLinearClsHead'),
                torch.zeros(1, 3, 64, 64),
                [torch.tensor([0])],
            ),
            'MultiLabelLinearClsHead has none',
        ),
        (lambda: SoftmaxCAM(norm='softmax'), "cam.norm='softmax'"),
    ],
)
def test_what_does_not_fit_is_named(change, said):
    with pytest.raises(ConfigError, match=said):
        change()


def test_a_background_that_nothing_teaches_is_refused():
    model = make(map_losses=())
    with pytest.raises(ConfigError, match='map of the background, and nothing teaches it'):
        model.loss(torch.zeros(1, 3, 32, 32), [DataSample().set_gt_label([0])])
