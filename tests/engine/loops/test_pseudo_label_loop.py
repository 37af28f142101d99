# SPDX-License-Identifier: Apache-2.0
import copy
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from PIL import Image

from wsss.datasets.base import ImageRecord, WSSSDataset
from wsss.engine.notes import read_notes
from wsss.errors import ConfigError
from wsss.evaluation import ThresholdCurve
from wsss.fileio import write_json
from wsss.registry import DATASETS
from wsss.structures import ScoreMaps, ScoreStore

NUM_IMAGES = 6
CLASSES = ('background', 'cat', 'dog')


@DATASETS.register_module(force=True)
class LoopImages(WSSSDataset):
    """Images of the folder; the first ``truths`` of them have a mask."""

    def __init__(self, truths=NUM_IMAGES, **arguments):
        self.truths = truths
        super().__init__(**arguments)

    def describe(self):
        return dict(
            classes=CLASSES,
            image_classes=('tabby', 'persian', 'poodle'),
            class_to_label=(1, 1, 2),
            palette=[(0, 0, 0), (200, 0, 0), (0, 0, 200)],
        )

    def load_records(self):
        return [
            ImageRecord(
                f'i{i}',
                f'i{i}.jpg',
                labels=[] if i == 5 else [i % 3],
                mask_path=f'{self.data_root}/i{i}.png' if i < self.truths else None,
            )
            for i in range(NUM_IMAGES)
        ]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('root')
    generator = torch.Generator().manual_seed(0)
    store = ScoreStore(folder / 'scores')
    for i in range(NUM_IMAGES):
        keys = [] if i == 5 else [i % 3]
        size = (10 + i, 12)
        store.write(
            f'i{i}',
            ScoreMaps(
                torch.tensor(keys, dtype=torch.int16),
                torch.rand(len(keys), 5, 6, generator=generator),
                size,
            ),
        )
        # the truth starts at another score in every image
        score = store.read(f'i{i}').resized().scores
        mask = np.zeros(size, np.uint8)
        if keys:
            mask[score[0].numpy() >= 0.3 + 0.05 * i] = (1, 1, 2)[keys[0]]
        mask[0] = 255
        Image.fromarray(mask).save(folder / f'i{i}.png')
    return folder


@pytest.fixture
def stage(root, tmp_path):
    """Return a function that runs a stage and gives its metrics."""
    count = 0

    def run(labeler, threshold=None, held_out='exclude', dataset=None, metrics=True, also_at=()):
        nonlocal count
        count += 1
        config = dict(
            default_scope='mmseg',
            work_dir=str(tmp_path),
            experiment_name=f'{tmp_path.name}_{count}',
            log_level='ERROR',
            model=dict(type='wsss.PseudoLabelModel', labeler=labeler),
            test_dataloader=dict(
                batch_size=2,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='pseudo_collate'),
                dataset=dict(
                    type='wsss.LoopImages',
                    data_root=str(root),
                    split='train',
                    held_out=0.5,
                    pipeline=[
                        dict(type='wsss.LoadScores', folder=f'{root}/scores'),
                        dict(type='wsss.LoadMask', optional=True),
                        dict(type='wsss.PackScores'),
                    ],
                ),
            ),
            test_cfg=dict(type='wsss.PseudoLabelLoop', threshold=threshold, also_at=also_at),
            test_evaluator=[dict(type='wsss.MaskMetric', held_out=held_out)] if metrics else [],
            custom_hooks=[dict(type='wsss.MaskWriter')],
        )
        config['test_dataloader']['dataset'].update(dataset or {})
        return Runner.from_cfg(Config(copy.deepcopy(config))).test()

    yield run
    MessageHub.get_instance('after_pseudo_label_loop')


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_held_out_images_choose_and_the_others_report(stage, tmp_path, root):
    figures = stage(dict(type='GlobalThreshold'), dict(type='HeldOutThreshold'))
    chosen, curve = read(tmp_path, 'threshold.json'), read(tmp_path, 'curve.json')
    parts = curve['parts']
    best = int(np.argmax(parts['held_out']['mIoU']))
    assert chosen['value'] == figures['threshold'] == curve['thresholds'][best]
    assert chosen['protocol'] == 'held_out' and chosen['split'] == 'train'
    assert chosen['num_images'] == parts['held_out']['num_images'] == 3
    # the figure of the metric is the curve of the other images at that threshold
    assert figures['mIoU'] == pytest.approx(parts['rest']['mIoU'][best], abs=1e-4)
    assert figures['mIoU_all_images_at_threshold'] == pytest.approx(
        parts['all']['mIoU'][best], abs=1e-4
    )
    assert figures['oracle_mIoU'] == pytest.approx(max(parts['rest']['mIoU']), abs=1e-4)
    assert figures['oracle_mIoU'] >= figures['mIoU']
    notes = read_notes()
    assert notes['protocol'] == 'held_out' and notes['threshold'] == chosen['value']
    assert notes['split'] == 'train' and notes['images'] == 3 and notes['metric'] == 'M0'
    assert (tmp_path / 'curve.png').is_file()


def test_fixed_thresholds_are_reported_beside(stage, tmp_path):
    choose = dict(type='HeldOutThreshold')
    figures = stage(dict(type='GlobalThreshold'), choose, also_at=(0.15, 0.6))
    curve = read(tmp_path, 'curve.json')
    for value in (0.15, 0.6):
        at = curve['parts']['rest']['mIoU'][curve['thresholds'].index(value)]
        assert figures[f'mIoU_at_{value}'] == pytest.approx(at, abs=1e-4)
    alone = stage(dict(type='GlobalThreshold'), dict(type='FixedThreshold', value=0.15))
    assert alone['mIoU'] == pytest.approx(figures['mIoU_at_0.15'], abs=1e-4)


@pytest.mark.parametrize('value, words', [(0.155, 'also_at: 0.155.*step is 0.01'), (15, 'also_at')])
def test_a_fixed_threshold_that_is_not_tried_is_an_error(stage, value, words):
    with pytest.raises(ConfigError, match=words):
        stage(dict(type='GlobalThreshold'), dict(type='HeldOutThreshold'), also_at=[value])


def test_masks_are_written_for_every_image(stage, tmp_path, root):
    stage(dict(type='GlobalThreshold', threshold=0.4))
    assert len(list((tmp_path / 'masks').iterdir())) == NUM_IMAGES
    score = ScoreStore(root / 'scores').read('i2').resized().scores[0]
    with Image.open(tmp_path / 'masks' / 'i2.png') as image:
        assert np.array_equal(np.array(image), np.where(score.numpy() < 0.4, 0, 2))
    with Image.open(tmp_path / 'masks' / 'i5.png') as image:
        assert not np.array(image).any()


def test_oracle_equals_its_own_best(stage):
    figures = stage(dict(type='BackgroundPower'), dict(type='OracleThreshold'))
    assert figures['mIoU'] == pytest.approx(figures['oracle_mIoU'])
    assert figures['threshold'] == figures['oracle_threshold']
    assert read_notes()['protocol'] == 'oracle'


def test_oracle_looks_at_the_images_that_the_metric_reports(stage):
    figures = stage(dict(type='GlobalThreshold'), dict(type='OracleThreshold'), 'include')
    assert figures['mIoU'] == pytest.approx(figures['oracle_mIoU'])
    assert figures['mIoU'] == pytest.approx(figures['mIoU_all_images_at_threshold'])


def test_value_of_the_labeler_is_a_fixed_threshold(stage, tmp_path):
    figures = stage(dict(type='BackgroundPower', alpha=4))
    assert figures['threshold'] == pytest.approx(0.27551, abs=1e-4)
    chosen = read(tmp_path, 'threshold.json')
    assert chosen['protocol'] == 'fixed' and chosen['labeler']['alpha'] == pytest.approx(4)
    assert 'oracle_mIoU' in figures


def test_threshold_of_an_earlier_stage_is_used(stage, tmp_path):
    file = tmp_path / 'earlier.json'
    write_json(file, dict(value=0.371, protocol='held_out', chosen_on='x', split='val'))
    stage(dict(type='GlobalThreshold'), dict(type='EarlierThreshold', file=str(file)))
    chosen = read(tmp_path, 'threshold.json')
    assert chosen['value'] == 0.371 and chosen['protocol'] == 'earlier (held_out)'
    assert 'split val' in chosen['chosen_on']
    assert 0.371 in read(tmp_path, 'curve.json')['thresholds']


def test_labeler_without_threshold_skips_the_search(stage, tmp_path):
    figures = stage(dict(type='Otsu'), dict(type='HeldOutThreshold'))
    assert 'threshold' not in figures and figures['mIoU'] > 0 and figures['oracle_mIoU'] > 0
    assert read(tmp_path, 'threshold.json')['value'] is None
    assert read_notes()['protocol'] == 'label_free'


def test_margins_follow_the_searched_threshold(stage, tmp_path):
    labeler = dict(type='DualThreshold', margin_low=0.1, margin_high=0.1)
    figures = stage(labeler, dict(type='HeldOutThreshold'))
    described = read(tmp_path, 'threshold.json')['labeler']
    assert described['low'] == pytest.approx(figures['threshold'] - 0.1)
    assert 0 < figures['coverage'] < 100


@pytest.mark.parametrize(
    'labeler', [dict(type='GlobalThreshold', threshold=0.3), dict(type='Otsu')]
)
def test_split_without_truth_is_labelled_without_figures(stage, tmp_path, labeler):
    figures = stage(labeler, dataset=dict(truths=0))
    assert 'mIoU' not in figures and 'oracle_mIoU' not in figures
    assert len(list((tmp_path / 'masks').iterdir())) == NUM_IMAGES
    assert (tmp_path / 'threshold.json').is_file() and not (tmp_path / 'curve.json').exists()


@pytest.mark.parametrize('name', ['OracleThreshold', 'HeldOutThreshold'])
def test_search_without_truth_is_an_error(stage, tmp_path, name):
    with pytest.raises(ConfigError, match=f'{name} needs truth'):
        stage(dict(type='GlobalThreshold'), dict(type=name), dataset=dict(truths=0))
    assert not (tmp_path / 'threshold.json').exists()


def test_held_out_without_held_out_images_is_an_error(stage):
    with pytest.raises(ConfigError, match='Set held_out=0.1'):
        stage(
            dict(type='GlobalThreshold'), dict(type='HeldOutThreshold'), dataset=dict(held_out=0.0)
        )


def test_two_values_or_none_are_errors(stage):
    with pytest.raises(ConfigError, match='Set one of the two to None'):
        stage(dict(type='GlobalThreshold', threshold=0.3), dict(type='HeldOutThreshold'))
    with pytest.raises(ConfigError, match='has no threshold yet'):
        stage(dict(type='GlobalThreshold'))
    with pytest.raises(ConfigError, match="test_cfg.threshold.type: 'HeldOut'"):
        stage(dict(type='GlobalThreshold'), dict(type='HeldOut'))


def test_stage_without_metrics_still_reports_the_curve(stage):
    figures = stage(dict(type='GlobalThreshold'), dict(type='HeldOutThreshold'), metrics=False)
    assert set(figures) == {
        'threshold',
        'mIoU_all_images_at_threshold',
        'oracle_mIoU',
        'oracle_threshold',
    }


def test_curve_of_the_loop_equals_one_made_by_hand(stage, tmp_path, root):
    stage(dict(type='GlobalThreshold'), dict(type='OracleThreshold', thresholds=[0.2, 0.4, 0.6]))
    expected = ThresholdCurve([0.2, 0.4, 0.6], 3)
    for i in range(NUM_IMAGES):
        maps = ScoreStore(root / 'scores').read(f'i{i}').resized()
        truth = torch.from_numpy(np.array(Image.open(root / f'i{i}.png')))
        label, score = torch.zeros_like(truth), torch.zeros(truth.shape)
        if len(maps.keys):
            label, score = label + (1, 1, 2)[int(maps.keys[0])], maps.scores[0]
        expected.update(truth, label, score)
    found = read(tmp_path, 'curve.json')['parts']['all']['mIoU']
    assert found == expected.to_dict()['parts']['all']['mIoU']


def test_label_free_threshold_is_the_same_with_and_without_masks(stage, tmp_path):
    labeler, source = dict(type='GlobalThreshold'), dict(type='LabelFreeThreshold')
    stage(labeler, source)
    chosen = read(tmp_path, 'threshold.json')
    assert chosen['protocol'] == 'label_free' and 'of 6 images' in chosen['chosen_on']
    assert 0.2 < chosen['value'] < 0.8 and read_notes()['protocol'] == 'label_free'
    figures = stage(labeler, source, dataset=dict(truths=0))
    assert read(tmp_path, 'threshold.json')['value'] == chosen['value'] == figures['threshold']
    assert 'mIoU' not in figures


@pytest.mark.parametrize('compare', ['score', 'ratio'])
def test_per_class_thresholds_are_searched_used_and_written(stage, tmp_path, compare):
    labeler = dict(type='PerClassThreshold', compare=compare)
    figures = stage(labeler, dict(type='PerClassThresholds', min_images=1))
    chosen = read(tmp_path, 'threshold.json')
    assert chosen['protocol'] == 'per_class' and chosen['value'] is None
    assert chosen['labeler']['thresholds'] == chosen['values'] and len(chosen['values']) == 2
    assert read_notes()['threshold_by_class'] == dict(zip(CLASSES[1:], chosen['values']))
    assert 'threshold' not in figures and figures['mIoU_all_images_at_threshold'] > 0
    # one class in each image: the search measures exactly what the labeler does
    later = stage(
        labeler, dict(type='EarlierThreshold', file=f'{tmp_path}/threshold.json'), 'include'
    )
    assert later['mIoU'] == pytest.approx(figures['mIoU_all_images_at_threshold'])
    assert read_notes()['protocol'] == 'earlier (per_class)'


def test_thresholds_for_labels_need_a_labeler_that_takes_them(stage):
    with pytest.raises(ConfigError, match='GlobalThreshold has no threshold for each label'):
        stage(dict(type='GlobalThreshold'), dict(type='PerClassThresholds', min_images=1))


def test_cleaned_labels_follow_the_search(stage, tmp_path):
    labeler = dict(type='CleanRegions', labeler=dict(type='GlobalThreshold'), min_area=0.05)
    figures = stage(labeler, dict(type='HeldOutThreshold'))
    described = read(tmp_path, 'threshold.json')['labeler']
    assert described['labeler']['threshold'] == figures['threshold']
