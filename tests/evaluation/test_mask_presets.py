# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from PIL import Image

from wsss.engine.notes import read_notes
from wsss.errors import ConfigError, DataError
from wsss.evaluation import MaskMetric, protocol_sums
from wsss.evaluation.mask_protocol import PRESETS, MaskProtocol
from wsss.evaluation.protocol_sums import ProtocolSums, squash
from wsss.structures import WSSSDataSample

META = dict(classes=('background', 'pet'))
TRIMAP = {1: 1, 2: 0, 3: 255}
ALL = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5']


@pytest.fixture(autouse=True)
def fresh_notes():
    MessageHub.get_instance('mask_presets_test')
    MessageHub.get_current_instance().runtime_info.clear()


@pytest.fixture
def image(tmp_path):
    """Return a function that makes a sample of a trimap and a label map, one digit per pixel."""
    count = 0

    def make(trimap, prediction, values=TRIMAP, **metainfo):
        nonlocal count
        count += 1
        raw = np.array([[int(c) for c in line] for line in trimap], np.uint8)
        path = tmp_path / f'{count}.png'
        Image.fromarray(raw).save(path)
        fields = dict(image_id=f'i{count}', mask_path=str(path), mask_values=values)
        sample = WSSSDataSample(metainfo={**fields, **metainfo})
        table = np.array([0, 1, 0, 255], np.uint8)
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(table[raw])[None])
        labels = [[int(c) for c in line] for line in prediction]
        sample.pred_sem_seg = PixelData(data=torch.tensor([labels], dtype=torch.uint8))
        return sample

    return make


def run(*samples, presets, **arguments):
    metric = MaskMetric(presets=presets, **arguments)
    metric.dataset_meta = META
    for sample in samples:
        metric.process(None, [sample.to_dict()])
    return metric.evaluate(len(samples))


def small(preset, **changes):
    """Return a preset at native size, as a dict."""
    return {**PRESETS[preset].__dict__, 'size': None, **changes}


# 4 pixels of pet, 2 of border, 2 of background; the label has 5 of pet, one of them border
FIRST = (['1133', '1122'], ['1110', '1100'])
# 1 pixel of pet, 1 of border, 2 of background; the label misses the pet
SECOND = (['1322'], ['0010'])


def test_presets_by_hand(image):
    found = run(
        image(*FIRST), image(*SECOND), presets=[small(name, name=f'{name}x') for name in PRESETS]
    )
    # border is pet, both images are one batch: truth pet 6 + 2 pixels, label 5 + 1, common 5;
    # background 2 + 2, 3 + 3, common 3
    pet, background = 5 / 9, 3 / 7
    assert found['M1x/mIoU'] == pytest.approx(100 * (pet + background) / 2)
    assert found['M1x/mDice'] == pytest.approx(100 * (10 / 14 + 6 / 10) / 2)
    # border is background: 4 of 5, 0 of 2
    assert found['M2x/mIoU'] == pytest.approx(100 * (4 / 5 + 0) / 2)
    assert found['M2x/mDice'] == pytest.approx(100 * (8 / 9 + 0) / 2)
    # border is pet: 5 of 6, 0 of 3
    assert found['M3x/mIoU'] == pytest.approx(100 * (5 / 6 + 0) / 2)
    # border is left out: pet 4 of 4, 0 of 2; background 2 of 2, 1 of 3
    assert found['M4x/mIoU'] == pytest.approx(100 * ((1 + 0) / 2 + (1 + 1 / 3) / 2) / 2)
    # one batch of two images, border is background: pet 4 of 7, background 5 of 8
    assert found['M5x/mIoU'] == pytest.approx(100 * (4 / 7 + 5 / 8) / 2)
    # the sum of the areas in place of the union: 4 of 9, 0 of 2
    assert found['M2_publishedx/mIoU'] == pytest.approx(100 * (4 / 9 + 0) / 2)
    assert found['M2_publishedx/mDice'] == pytest.approx(100 * (8 / 13 + 0) / 2)
    # M0 stands beside them: pet 4 of 6, background 3 of 5
    assert found['mIoU'] == pytest.approx(100 * (4 / 6 + 3 / 5) / 2)


def test_all_presets_are_reported_beside_m0_and_described(image):
    found = run(image(*FIRST), presets=ALL)
    names = [name for name in found if name.endswith('/mIoU')]
    assert names == [f'M{i}/mIoU' for i in range(1, 6)] and 'mIoU' in found
    described = read_notes()['presets']['per_class']
    assert described['M1'] == dict(
        border='fg', aggregate='batch', batch_size=64, size=(256, 256), absent='zero'
    )
    assert read_notes()['metric'] == 'M0'


def test_defect_is_repeated_only_when_asked_for(image):
    plain = run(image(*FIRST), presets=['M2'])
    faithful = run(image(*FIRST), presets=['M2'], faithful=True)
    assert 'M2/mIoU' in plain and 'M2_published/mIoU' not in plain
    assert 'M2_published/mIoU' in faithful and 'M2/mIoU' not in faithful
    # what is printed as IoU is half of the Dice, of a single image
    assert faithful['M2_published/mIoU'] == pytest.approx(plain['M2/mDice'] / 2)


def test_border_is_read_again_whatever_the_data_set_made_of_it(image):
    expected = run(image(*FIRST), presets=ALL)
    for border in (0, 1):
        sample = image(*FIRST, values={**TRIMAP, 3: border})
        found = run(sample, presets=ALL)
        for name in expected:
            if '/m' in name:
                assert found[name] == expected[name]


def test_absent_labels_are_filled_or_left_out(image):
    one = image(['22'], ['00'])
    for absent, mean in (('skip', 100), ('zero', 50), ('one', 100)):
        found = run(one, presets=[dict(name='x', absent=absent, aggregate='image')])
        assert found['x/mIoU'] == mean
    nothing = run(one, presets=[dict(name='x', classes='fg', aggregate='image')])
    assert 'x/mIoU' not in nothing and nothing['mIoU'] == 100


@pytest.mark.parametrize('weigh, expected', [(True, 100 * 2 / 3), (False, 50)])
def test_batches_follow_the_order_and_weigh_as_told(image, weigh, expected):
    good, bad = (['11', '22'], ['11', '00']), (['11', '22'], ['00', '11'])
    preset = dict(name='x', aggregate='batch', batch_size=2, weigh_batches=weigh)
    found = run(*(image(*each) for each in (good, good, bad)), presets=[preset])
    assert found['x/mIoU'] == pytest.approx(expected)


@pytest.mark.parametrize('aggregate', ['dataset', 'image', 'batch'])
def test_several_ranks_report_what_one_does(aggregate, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(0, 2, (7, 2, 3, 3), generator=generator)
    protocol = MaskProtocol(
        'x', aggregate=aggregate, batch_size=3 if aggregate == 'batch' else None
    )
    alone = ProtocolSums(protocol, 2)
    ranks = [ProtocolSums(protocol, 2) for _ in range(2)]
    for i, (truth, prediction) in enumerate(pairs):
        alone.add(truth, prediction, i)
        ranks[i % 2].add(truth, prediction, i)
    expected = alone.figures()
    gathered = [(rank._confusion, rank._sums, rank._images) for rank in ranks]
    monkeypatch.setattr(protocol_sums, 'all_gather_object', lambda own: gathered)
    assert ranks[0].figures() == pytest.approx(expected)


def test_held_out_images_are_left_out_of_presets_too(image):
    expected = run(image(*FIRST), presets=['M4'])
    found = run(image(*FIRST), image(*SECOND, held_out=True), presets=['M4'])
    assert found['M4/mIoU'] == expected['M4/mIoU']


def test_squashing_takes_the_nearest_pixel():
    labels = torch.tensor([[0, 1, 2, 255], [3, 4, 5, 6]], dtype=torch.uint8)
    assert squash(labels, (2, 2)).tolist() == [[1, 255], [4, 6]]
    assert squash(labels, None) is labels
    labels = torch.arange(15, dtype=torch.uint8).reshape(3, 5)
    expected = np.array(Image.fromarray(labels.numpy()).resize((8, 7), Image.NEAREST))
    assert squash(labels, (7, 8)).tolist() == expected.tolist()


def test_species_and_breeds_take_the_label_of_the_image(image):
    meta = dict(META, classes=('background', 'cat', 'dog'))
    metric = MaskMetric(presets=[small('M3')])
    metric.dataset_meta = meta
    sample = image(['1322'], ['2200'], values={1: 2, 2: 0, 3: 255})
    sample.gt_sem_seg.data = torch.tensor([[[2, 255, 0, 0]]], dtype=torch.uint8)
    metric.process(None, [sample.to_dict()])
    assert metric.evaluate(1)['M3/mIoU'] == 100


@pytest.mark.parametrize('values', [None, {0: 0, 1: 1, 255: 255}])
def test_masks_without_a_band_are_refused(image, values):
    with pytest.raises(ConfigError, match='preset M1 .* have no band .*border=None, or M0'):
        run(image(*FIRST, values=values), presets=['M1'])


def test_sample_that_does_not_name_its_file_is_refused(image):
    with pytest.raises(ConfigError, match="'mask_path' and 'mask_values' to meta_keys"):
        run(image(*FIRST, mask_path=None), presets=['M1'])


def test_band_between_several_classes_is_refused_as_foreground(image):
    with pytest.raises(ConfigError, match=r'has the classes \[1, 2\]'):
        run(image(*FIRST, values={1: 1, 2: 2, 3: 255}), presets=['M1'])


def test_file_and_label_of_different_size_are_refused(image):
    with pytest.raises(DataError, match='must have the same shape'):
        run(image(['1133'], ['11']), presets=['M1'])


def test_protocol_without_border_needs_no_file(image):
    found = run(image(*FIRST, mask_path=None), presets=[dict(name='x')])
    assert found['x/mIoU'] == found['mIoU']


@pytest.mark.parametrize(
    'presets, message',
    [
        (['M6'], "'M6' is not a preset.*Allowed: M0, M1, M2, M3, M4, M5"),
        (['M2_published'], 'is not a preset'),
        ('M1', 'presets must be a list'),
        (['M1', 'M1'], 'names must differ'),
        ([dict(name='M0')], 'names must differ, and from M0'),
        ([dict(name='a/b')], 'without a slash'),
        ([dict(border='fg')], "missing .*'name'"),
        ([dict(name='x', colour=1)], "unexpected keyword argument 'colour'"),
        ([dict(name='x', border='keep')], "'x': border must be one of ignore, fg, bg, None"),
        ([dict(name='x', aggregate='mean')], 'aggregate must be one of dataset, image, batch'),
        ([dict(name='x', size=224)], r'size must be \(height, width\), got 224'),
        ([dict(name='x', aggregate='batch')], 'batch_size must be a positive number'),
        ([dict(name='x', batch_size=4)], 'batch_size must be a positive number'),
    ],
)
def test_presets_that_cannot_be_used_are_refused(presets, message):
    with pytest.raises(ConfigError, match=message):
        MaskMetric(presets=presets)
