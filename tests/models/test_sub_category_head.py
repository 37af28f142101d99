# SPDX-License-Identifier: Apache-2.0
"""Classes and sub-classes in one loss, teachers, and maps that are those of the classes."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from wsss.cams import CAM, SubCategoryCAM
from wsss.datasets.transforms import LoadSubCategories
from wsss.errors import ConfigError, DataError
from wsss.models import CAMClassifier, DistillHead, DistillLoss, EntropyLoss, SubCategoryHead
from wsss.models.classifiers.training_maps import training_maps
from wsss.models.losses.distill_loss import KINDS
from wsss.structures import SubCategories, WSSSDataSample

CLASSES = ('cat', 'dog', 'emu')
IMAGES = {'a': {0: 1}, 'b': {1: 0, 2: 3}, 'c': {0: 0, 1: 1}, 'd': {2: 1}}
COUNTS = (2, 2, 4)
SOFT = {
    'a': {0: [0.25, 0.75]}, 'b': {1: [0.5, 0.5], 2: [0.1, 0.2, 0.3, 0.4]},
    'c': {0: [1.0, 0.0], 1: [0.0, 1.0]}, 'd': {2: [0.0, 1.0, 0.0, 0.0]},
}  # fmt: skip
TERM = dict(type='wsss.DistillLoss', kind='soft_subclass')


@pytest.fixture
def table(tmp_path):
    def write(name='sub_categories.json', **changes):
        values = dict(
            dataset='Pets', split='train', classes=CLASSES, counts=COUNTS, images=IMAGES, soft=SOFT
        )
        path = tmp_path / name
        SubCategories(**{**values, **changes}).write(path)
        return str(path)

    return write


def samples_of(path):
    load = LoadSubCategories(path)
    found = []
    for image_id, row in IMAGES.items():
        results = load(
            dict(
                image_id=image_id, gt_label=sorted(row), image_classes=CLASSES, dataset='Pets',
                split='train',
            )
        )  # fmt: skip
        sample = DataSample().set_gt_label(torch.tensor(results['gt_label']))
        found.append(sample.set_gt_score(results['gt_score']))
    return found


def classifier(path, augments=(), **head):
    torch.manual_seed(0)
    return CAMClassifier(
        data_preprocessor=dict(
            mean=[127.0] * 3, std=[60.0] * 3, to_onehot=True, num_classes=3,
            batch_augments=dict(augments=list(augments)) if augments else None,
        ),
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(
            type='wsss.SubCategoryHead', num_classes=3, in_channels=64, table=path,
            loss=dict(type='CrossEntropyLoss', use_sigmoid=True), **head,
        ),
    )  # fmt: skip


def test_labels_are_classes_then_sub_classes_then_shares(table):
    score = samples_of(table())[1].gt_score
    expected = [0, 1, 1] + [0, 0, 1, 0, 0, 0, 0, 1] + [0, 0, 0.5, 0.5, 0.1, 0.2, 0.3, 0.4]
    assert torch.allclose(score, torch.tensor(expected))
    assert len(samples_of(table(soft=None))[1].gt_score) == 3 + 8


@pytest.mark.parametrize('weight', [0.0, 1.0, 5.0])
def test_the_ratio_of_the_terms_is_that_of_means_and_their_sum_keeps_its_size(table, weight):
    head = SubCategoryHead(3, 16, table(), sub_weight=weight)
    features, samples = torch.randn(4, 16), samples_of(table())
    losses = head.loss((features,), samples)
    target = torch.stack([sample.gt_score for sample in samples])
    bce = F.binary_cross_entropy_with_logits
    parent, sub = bce(head.fc(features), target[:, :3]), bce(head.sub_fc(features), target[:, 3:11])
    assert set(losses) == {'loss', 'loss_sub'}
    # sums over K classes, as in all recipes, in the paper's ratio to each other
    assert torch.allclose(losses['loss'], 3 * parent / (1 + weight))
    assert torch.allclose(losses['loss_sub'], 3 * weight * sub / (1 + weight))


def test_terms_on_maps_keep_their_ratio_to_the_classes(table):
    path = table()
    model = classifier(path, sub_weight=4.0)
    model.map_losses.append(EntropyLoss(loss_weight=0.02))
    images, samples = torch.randn(4, 3, 64, 64), samples_of(path)
    model.eval()
    found = model.loss(images, samples)
    features = model.extract_feat(images, stage='backbone')[-1]
    labels = torch.stack([sample.gt_score for sample in samples])[:, :3]
    whole = EntropyLoss(loss_weight=0.02)(training_maps(model.head, features), labels)
    assert torch.allclose(found['loss_entropy'], whole / 5)


def test_sub_classes_begin_at_their_frequency(table):
    path = table()
    head = SubCategoryHead(3, 16, path)
    head.init_weights()
    counts = torch.ones(8)
    for sample in (images := SubCategories.read(path).images):
        for label, sub in images[sample].items():
            counts[[0, 2, 4][label] + sub] += 1
    assert torch.allclose(head.sub_fc.bias.sigmoid(), counts / (len(images) + 2))


def test_maps_and_predictions_are_those_of_the_classes(table):
    model = classifier(table()).eval()
    model.init_weights()
    images = torch.randn(2, 3, 64, 64)
    maps = CAM()(model, images, [torch.tensor([0, 2])] * 2)
    assert all(m.scores.shape[0] == 2 for m in maps)
    assert model(images).shape == (2, 3)
    features = model.extract_feat(images, stage='backbone')[-1]
    raw = torch.einsum('nchw,kc->nkhw', features, model.head.fc.weight)[:, [0, 2]].relu()
    expected = raw / raw.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    found = torch.stack([m.scores for m in maps])
    found = found / found.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    assert torch.allclose(found, expected, atol=1e-4)


@torch.no_grad()
def test_maps_of_sub_classes_are_the_strongest_at_each_cell(table):
    """Of two, none and four sub-classes, by a loop over images, classes and sub-classes."""
    model = classifier(table(counts=(2, 0, 4), images={}, soft=None)).eval()
    model.init_weights()
    torch.nn.init.normal_(model.head.fc.weight)
    torch.nn.init.normal_(model.head.sub_fc.weight)
    images = torch.randn(4, 3, 64, 96)
    classes = [torch.tensor(ids, dtype=torch.int64) for ids in ([0, 1, 2], [2], [], [1])]
    found = SubCategoryCAM(eps=0)(model, images, classes)
    features = model.extract_feat(images, stage='backbone')[-1]
    rows = {0: [0, 1], 2: [2, 3, 4, 5]}
    for own, maps, ids in zip(features, found, classes):
        assert maps.keys.tolist() == ids.tolist() and len(maps.scores) == len(ids)
        for c, scores in zip(ids.tolist(), maps.scores):
            weights = [model.head.sub_fc.weight[j] for j in rows.get(c, [])]
            weights = weights or [model.head.fc.weight[c]]
            parts = [sum(w[k] * own[k] for k in range(len(w))).relu() for w in weights]
            peak = max(float(part.max()) for part in parts)
            expected = torch.stack([part / peak if peak else part for part in parts]).amax(0)
            torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-4)


def test_a_class_alone_without_sub_classes_has_its_own_map(table):
    model = classifier(table(counts=(2, 0, 4), images={}, soft=None)).eval()
    images, classes = torch.randn(1, 3, 64, 64), [torch.tensor([1])]
    (found,), (own,) = (cam(model, images, classes) for cam in (SubCategoryCAM(), CAM()))
    assert torch.equal(found.scores, own.scores)


def test_the_stage_of_maps_gives_those_of_sub_classes(table):
    model = classifier(table()).eval()
    model.cam = SubCategoryCAM()
    sample = WSSSDataSample(gt_label=torch.tensor([0, 2]), metainfo=dict(ori_shape=(64, 64)))
    views = [torch.randint(0, 256, (3, size, size), dtype=torch.uint8) for size in (64, 96)]
    found = model.test_step(dict(inputs=[views], data_samples=[sample]))[0].score_maps
    assert found.keys.tolist() == [0, 2] and found.scores.shape == (2, 16, 16)
    assert torch.allclose(found.scores.amax((1, 2)), torch.ones(2), atol=1e-2)


def test_maps_of_sub_classes_need_sub_classes(table):
    model = classifier(table()).eval()
    model.head = DistillHead(3, 64)
    with pytest.raises(ConfigError, match='DistillHead has none.*@classifier1'):
        SubCategoryCAM()(model, torch.randn(1, 3, 64, 64), [torch.tensor([1])])
    with pytest.raises(ConfigError, match="those of SubCategoryCAM are not.*norm='max'"):
        SubCategoryCAM(norm='sigmoid')


@pytest.mark.parametrize('augment', [None, dict(type='Mixup', alpha=1.0), dict(type='wsss.FMix')])
def test_all_terms_train_the_backbone_mixed_or_not(table, augment):
    path = table()
    model = classifier(path, [augment] if augment else [], distill=[TERM]).train()
    inputs = list(torch.randint(0, 256, (4, 3, 48, 64)))
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=samples_of(path)), True)
    losses = model(**data, mode='loss')
    assert set(losses) == {'loss', 'loss_sub', 'loss_soft_subclass'}
    for value in losses.values():
        model.zero_grad()
        value.backward(retain_graph=True)
        assert torch.isfinite(value) and model.backbone.conv1.weight.grad.abs().max() > 0
    scores = torch.stack([sample.gt_score for sample in data['data_samples']])
    # each class keeps its share of the label in its sub-classes and in their shares
    parents = model.head.parents
    for part in (scores[:, 3:11], scores[:, 11:]):
        own = torch.stack([part[:, parents == c].sum(1) for c in range(3)], dim=1)
        assert torch.allclose(own, scores[:, :3], atol=1e-5)


def test_a_student_that_says_the_shares_has_no_loss_of_them(table):
    path = table()
    head = SubCategoryHead(3, 8, path, distill=[TERM])
    samples = samples_of(path)[:1]
    torch.nn.init.zeros_(head.sub_fc.weight)
    head.sub_fc.bias.data = torch.tensor([0.25, 0.75, 1, 1, 1, 1, 1, 1]).log()
    losses = head.loss((torch.rand(1, 8),), samples)
    assert float(losses['loss_soft_subclass'].detach()) == pytest.approx(0, abs=1e-6)


def test_one_image_without_labels_gives_finite_losses(table):
    path = table()
    head = SubCategoryHead(3, 8, path, distill=[TERM])
    losses = head.loss((torch.rand(1, 8),), [DataSample().set_gt_score(torch.zeros(3 + 16))])
    assert all(torch.isfinite(value) for value in losses.values())
    assert float(losses['loss_soft_subclass'].detach()) == 0


def test_teachers_of_each_kind_reach_the_head():
    terms = [dict(type='wsss.DistillLoss', kind=kind) for kind in ('logit', 'relation')]
    head = DistillHead(3, 8, distill=terms)
    features = torch.randn(4, 8)
    logits = head.fc(features).detach()
    samples = [DataSample(teacher=row).set_gt_label([0]) for row in logits]
    losses = head.loss((features,), samples)
    assert float(losses['loss_logit'].detach()) == pytest.approx(0, abs=1e-7)
    twice = DistillHead(3, 8, distill=[terms[1], {**terms[1], 'loss_weight': 2.0}])
    both = twice.loss((features,), samples)['loss_relation']
    assert torch.allclose(both, 3 * losses['loss_relation'], atol=1e-6)
    assert losses['loss_relation'] > 0
    projected = DistillHead(
        3, 8, distill=[dict(type='wsss.DistillLoss', kind='feature', projection=(8, 3))]
    )
    assert projected.loss((features,), samples)['loss_feature'] > 0
    assert next(reversed(projected._modules)) == 'fc'


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('temperature', [1.0, 3.0])
def test_a_student_that_is_its_teacher_has_no_loss_of_any_kind(kind, temperature):
    student = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    groups, teacher = torch.tensor([0, 0, 0, 1, 2, 2]), student
    if kind == 'soft_subclass':
        parts = [student[:, groups == g] / temperature for g in range(3)]
        teacher = torch.cat([part.softmax(1) for part in parts], dim=1)
    loss = DistillLoss(kind, temperature=temperature)
    assert float(loss(student, teacher, groups, 3)) == pytest.approx(0, abs=1e-6)
    assert float(loss(student * torch.arange(6), teacher, groups, 3)) > 1e-3


@pytest.mark.parametrize('kind', ['feature', 'relation'])
def test_features_that_are_left_out_are_not_compared(kind):
    neck = dict(type='wsss.DropoutPooling', dropout=0.5)
    parts = dict(
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
        head=dict(
            type='wsss.DistillHead', num_classes=3, in_channels=64,
            distill=[dict(type='wsss.DistillLoss', kind=kind)],
        ),
    )  # fmt: skip
    with pytest.raises(ConfigError, match=f"kind='{kind}' compares features.*DropoutPooling"):
        CAMClassifier(neck=neck, **parts)
    CAMClassifier(neck={**neck, 'dropout': 0.0}, **parts)


def test_a_teacher_of_another_class_list_is_refused():
    with pytest.raises(DataError, match=r'teacher has 20 classes, the student 3'):
        DistillLoss('logit')(torch.zeros(2, 3), torch.zeros(2, 20))
    with pytest.raises(DataError, match=r'20 channels.*projection'):
        DistillLoss('feature')(torch.zeros(2, 3), torch.zeros(2, 20))


@pytest.mark.parametrize('width', [3, 5])
def test_a_projection_from_another_width_is_refused(width):
    term = dict(type='wsss.DistillLoss', kind='feature', projection=(width, 4))
    head = DistillHead(3, 8, distill=[term])
    samples = [DataSample(teacher=torch.zeros(4)).set_gt_label([0])]
    with pytest.raises(ConfigError, match=rf'begins with {width} .* projection=\(8, 4\)'):
        head.loss((torch.rand(1, 8),), samples)


def test_teachers_of_different_networks_are_named_with_their_images():
    head = DistillHead(3, 8, distill=[dict(type='wsss.DistillLoss', kind='relation')])
    samples = [
        DataSample(teacher=torch.zeros(n), metainfo=dict(image_id=f'i{n}')).set_gt_label([0])
        for n in (4, 6)
    ]
    with pytest.raises(DataError, match="4 numbers of image 'i4', 6 numbers of image 'i6'.*--redo"):
        head.loss((torch.rand(2, 8),), samples)


def test_a_missing_teacher_is_named():
    head = DistillHead(3, 8, distill=[dict(type='wsss.DistillLoss', kind='logit')])
    with pytest.raises(ConfigError, match='wsss.LoadFeatures'):
        head.loss((torch.rand(1, 8),), [DataSample().set_gt_label([0])])


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(kind='logits'), 'DistillLoss.kind'),
        (dict(kind='logit', temperature=0), 'DistillLoss.temperature'),
        (dict(kind='logit', loss_weight=-1), 'DistillLoss.loss_weight'),
        (dict(kind='logit', projection=(2, 3)), 'DistillLoss.projection'),
        (dict(kind='feature', projection=(2,)), 'DistillLoss.projection'),
    ],
)
def test_bad_values_of_the_distillation_are_named(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        DistillLoss(**kwargs)


def test_sub_classes_cannot_be_taught_to_a_head_without_them():
    with pytest.raises(ConfigError, match='SubCategoryHead'):
        DistillHead(3, 8, distill=[TERM])


def test_a_table_that_does_not_fit_the_head_is_refused(table):
    with pytest.raises(ConfigError, match=r'num_classes is 20.* 3 classes \(Pets\)'):
        SubCategoryHead(20, 8, table())
    with pytest.raises(ConfigError, match='needs shares'):
        SubCategoryHead(3, 8, table(soft=None), distill=[TERM])
    with pytest.raises(DataError, match='no sub-class of any class'):
        SubCategoryHead(3, 8, table(counts=(0, 0, 0), images={}, soft=None))
    with pytest.raises(ConfigError, match='model.head.table'):
        SubCategoryHead(3, 8, None)


def test_a_missing_table_is_left_to_the_training(tmp_path):
    """A dry run builds the model before there is a table."""
    head = SubCategoryHead(3, 8, str(tmp_path / 'sub_categories.json'))
    with pytest.raises(DataError, match='does not exist'):
        head.init_weights()


def test_labels_of_classes_alone_are_refused(table):
    head = SubCategoryHead(3, 8, table())
    with pytest.raises(ConfigError, match=r'3 classes and 8 sub-classes.*LoadSubCategories'):
        head.loss((torch.rand(1, 8),), [DataSample().set_gt_label([0])])


def test_images_of_another_source_are_refused(table):
    load = LoadSubCategories(table())
    results = dict(image_id='a', gt_label=[0], image_classes=CLASSES, dataset='Pets', split='train')
    assert load(dict(results))['gt_score'].shape == (19,)
    for key, value, words in (
        ('image_classes', ('cat', 'dog'), 'the data set has the 2 classes'),
        ('split', 'val', "images are of Pets, split 'val'"),
        ('dataset', 'VOC12', 'images are of VOC12'),
        ('image_id', 'x', "'x' is not among the 4 images"),
        ('gt_label', [1], r'has the classes \[1\]'),
    ):
        with pytest.raises(DataError, match=words):
            load({**results, key: value})
    with pytest.raises(ConfigError, match='LoadSubCategories.table'):
        LoadSubCategories('')


def test_the_class_of_a_sample_is_explained(table):
    model = classifier(table()).eval()
    model.cam = CAM()
    sample = WSSSDataSample(gt_label=torch.tensor([1]), metainfo=dict(ori_shape=(64, 64)))
    views = [torch.zeros(3, 64, 64, dtype=torch.uint8)]
    found = model.test_step(dict(inputs=[views], data_samples=[sample]))
    assert found[0].score_maps.keys.tolist() == [1]
