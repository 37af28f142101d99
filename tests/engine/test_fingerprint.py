# SPDX-License-Identifier: Apache-2.0
"""What makes a stage stale, and what does not."""

import copy
import os
import shutil

import pytest

from wsss.datasets import Shapes
from wsss.engine.fingerprint import changed_keys, digest, fingerprint
from wsss.structures import SubCategories

CONFIG = dict(
    pipeline=['a', 'b'],
    root='/x',
    randomness=dict(seed=0),
    data=dict(train=dict(type='D', data_root='@root', split='train')),
    a=dict(
        run='train',
        model=dict(type='M', layers=[dict(n=1), dict(n=2)]),
        train_dataloader=dict(num_workers=2, batch_size=4, dataset='@data/train'),
    ),
    b=dict(run='test', load_from='@a/weights.pth', default_hooks=dict(progress=dict(interval=1))),
)


def change(path, value):
    config = copy.deepcopy(CONFIG)
    part = config
    *parents, last = path
    for key in parents:
        part = part[key]
    part[last] = value
    return config


def lines(config, stage='a'):
    old, new = (fingerprint(c, c['pipeline'], stage, with_data=False) for c in (CONFIG, config))
    return changed_keys(old, new)


@pytest.mark.parametrize(
    ('path', 'value', 'line'),
    [
        (('a', 'model', 'type'), 'N', "model.type: 'M' -> 'N'"),
        (('a', 'model', 'layers', 1, 'n'), 5, 'model.layers[1].n: 2 -> 5'),
        (('a', 'train_dataloader', 'batch_size'), 8, 'train_dataloader.batch_size: 4 -> 8'),
        (('data', 'train', 'split'), 'val', "train_dataloader.dataset.split: 'train' -> 'val'"),
        (('randomness', 'seed'), 1, 'randomness.seed: 0 -> 1'),
        (('a', 'extra'), 1, "extra: '<absent>' -> 1"),
    ],
)
def test_a_changed_value_is_named_by_its_key(path, value, line):
    assert lines(change(path, value)) == [line]


@pytest.mark.parametrize(
    ('path', 'value', 'stage'),
    [
        (('root',), '/y', 'a'),
        (('a', 'train_dataloader', 'num_workers'), 0, 'a'),
        (('b', 'default_hooks', 'progress'), dict(interval=9), 'b'),
        (('a', 'default_hooks'), dict(timer=dict(type='T')), 'a'),
        (('b', 'load_from'), '@a/weights.pth', 'a'),
        (('a', 'model', 'type'), 'N', 'b'),
    ],
)
def test_other_changes_do_not_touch_the_stage(path, value, stage):
    assert lines(change(path, value), stage) == []


def test_upstream_stages_are_those_whose_folders_are_read():
    assert fingerprint(CONFIG, ['a', 'b'], 'a', False)['upstream'] == []
    assert fingerprint(CONFIG, ['a', 'b'], 'b', False)['upstream'] == ['a']


def test_weights_count_by_content_not_by_path(tmp_path):
    for name, content in (('one', b'same'), ('two', b'same'), ('three', b'other')):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'w.pth').write_bytes(content)

    def of(name):
        config = change(('b', 'load_from'), str(tmp_path / name / 'w.pth'))
        return fingerprint(config, ['a', 'b'], 'b', False)

    assert of('one') == of('two') != of('three')


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest(dict(a=1, b=[2])) == digest(dict(b=[2], a=1)) != digest(dict(a=1, b=[3]))


IDS = [f'train_{i:05d}' for i in range(3)]


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    made = tmp_path_factory.mktemp('shapes')
    Shapes(3, (48, 48), data_root=str(made)).full_init()
    return made


@pytest.fixture
def root(shapes, tmp_path):
    shutil.copytree(shapes, tmp_path / 'data')
    return tmp_path


class Reading:
    """A stage with a transform that reads files of its own, and what changes in it."""

    def __init__(self, root, transform, wrapper=None, **rest):
        self.root, self.transform, self.wrapper, self.rest = root, transform, wrapper, rest
        self.folder = root / 'files'
        self.folder.mkdir()
        for name in (f'{i}.{suffix}' for i in IDS for suffix in ('png', 'npy', 'npz')):
            (self.folder / name).write_text(name)
        self.before = self.now()

    def now(self):
        dataset = dict(
            type='wsss.Shapes',
            data_root=str(self.root / 'data'),
            num_images=3,
            image_size=(48, 48),
            pipeline=[dict(type='wsss.LoadImage'), self._placed(self.transform)],
        )
        if self.wrapper:
            dataset = dict(type=self.wrapper, times=2, dataset=dataset)
        stage = dict(test_dataloader=dict(dataset=dataset), **self._placed(self.rest))
        return fingerprint(dict(a=dict(), b=dict(run='test', **stage)), ['a', 'b'], 'b')

    def _placed(self, value):
        if isinstance(value, dict):
            return {key: self._placed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._placed(item) for item in value]
        return value.replace('FILES', str(self.folder)) if isinstance(value, str) else value

    def changes(self):
        return [line.split(': ')[0] for line in changed_keys(self.before, self.now())]


READERS = [
    (dict(type='wsss.LoadSaliency', folder='FILES'), 'LoadSaliency'),
    (dict(type='wsss.LoadScribbles', folder='FILES'), 'LoadScribbles'),
    (dict(type='wsss.LoadPoints', file=f'FILES/{IDS[1]}.png'), 'LoadPoints'),
    (dict(type='wsss.LoadScores', folder='FILES'), 'LoadScores'),
    (dict(type='wsss.CombineScores', specific=['@a/s', 'FILES'], mode='max'), 'CombineScores'),
    (dict(type='wsss.CombineScores', specific=['@a/s'], agnostic='FILES'), 'CombineScores'),
    (dict(type='wsss.AgreedLabels', folders=['@a/masks', 'FILES']), 'AgreedLabels'),
    (dict(type='wsss.LoadFeatures', folder='FILES'), 'LoadFeatures'),
]


@pytest.mark.parametrize(('transform', 'name'), READERS)
def test_files_that_a_transform_reads_count_by_content_not_by_place(root, transform, name):
    stage = Reading(root, transform)
    for path in stage.folder.iterdir():
        os.utime(path)
    (stage.folder / 'other.png').write_text('of no image')
    stage.folder = stage.folder.rename(root / 'moved')
    shutil.move(root / 'data', root / 'new/data')
    stage.root = root / 'new'
    assert stage.changes() == []
    for path in stage.folder.glob(f'{IDS[1]}.*'):
        path.write_text('replaced')
    assert stage.changes() == [f'files of test_dataloader.dataset.pipeline[1] ({name})']


def test_files_of_another_suffix_are_others_and_may_be_missing(root):
    stage = Reading(root, dict(type='wsss.LoadSaliency', folder='FILES', suffix='.npy'))
    (stage.folder / f'{IDS[0]}.png').write_text('replaced')
    assert stage.changes() == []
    (stage.folder / f'{IDS[0]}.npy').unlink()
    assert stage.changes() == ['files of test_dataloader.dataset.pipeline[1] (LoadSaliency)']


def test_a_reader_is_found_inside_of_other_components_and_wrapped_data_sets(root):
    vote = dict(type='wsss.SuperpixelVote', superpixels=dict(type='RegionFiles', folder='FILES'))
    refine = dict(type='wsss.Refine', refiners=[dict(type='wsss.DenseCRF'), vote])
    stage = Reading(root, refine, 'RepeatDataset')
    (stage.folder / f'{IDS[2]}.png').write_text('replaced')
    key = 'test_dataloader.dataset.dataset.pipeline[1].refiners[1].superpixels'
    assert stage.changes() == [f'files of {key} (RegionFiles)']


@pytest.mark.parametrize('folder', ['@a', '@a/maps'])
def test_files_of_an_earlier_stage_are_its_business(root, folder):
    stage = Reading(root, dict(type='wsss.LoadSaliency', folder=folder))
    assert list(stage.before['data']) == ['test_dataloader']
    assert stage.before['upstream'] == ['a']
    stage.transform = dict(stage.transform, folder='@a/others')
    assert stage.changes() == ['test_dataloader.dataset.pipeline[1].folder']


def test_masks_of_a_folder_count_by_content_unless_a_stage_wrote_them(root):
    def of(folder):
        dataset = Shapes(3, (48, 48), data_root=str(root / 'data'), mask_folder=folder)
        return dataset.index_digest()

    (root / 'masks').mkdir()
    before, stage = of(f'{root}/masks'), of('@a/masks')
    (root / f'masks/{IDS[0]}.png').write_text('mask')
    assert of(f'{root}/masks') not in (before, stage)
    assert of('@a/masks') == stage


def test_a_file_that_the_loop_reads_counts_by_content_too(root):
    threshold = dict(type='wsss.EarlierThreshold', file='FILES/t')
    stage = Reading(root, dict(type='wsss.PackScores'), test_cfg=dict(threshold=threshold))
    (stage.folder / 't').write_text('{}')
    assert stage.changes() == ['files of test_cfg.threshold (EarlierThreshold)']


def test_the_table_that_a_head_is_built_of_counts_by_content(root):
    table = SubCategories('Shapes', 'train', ('a', 'b'), (2, 2), {})
    head = dict(type='wsss.SubCategoryHead', num_classes=2, in_channels=4, table='FILES/t')
    stage = Reading(root, dict(type='wsss.PackScores'), model=dict(head=head))
    table.write(stage.folder / 't')
    assert stage.changes() == ['files of model.head (SubCategoryHead)']
