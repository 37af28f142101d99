# SPDX-License-Identifier: Apache-2.0
"""SP-CAM from image labels to labels of pixels: one process and two, kills, one stage at a time."""

import json
import shutil
from pathlib import Path

import pytest

from wsss.engine.cli import load_config

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
_base_ = [
    './tiny.py', './tiny_ccam.py', '{root}/configs/_base_/stages/ccam.py',
    '{root}/configs/_base_/stages/saliency.py', '{root}/configs/_base_/stages/sp_cam.py',
    '{root}/configs/_base_/stages/sp_cam_parts.py',
    '{root}/configs/_base_/stages/superpixel_walk.py',
    '{root}/configs/_base_/schedules/sp_cam_light.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'map_labels', 'superpixels', 'superpixel_walk', 'superpixel_walk_labels',
    'sp_classifier', 'sp_cams', 'pseudo_labels',
    'sp_cams_test', 'pseudo_labels_test', 'segmentor',
]
_pack = ('image_id', 'img_path', 'ori_shape', 'held_out')
ccam = dict(
    train_dataloader=dict(
        batch_size=6,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='PackInputs', meta_keys=_pack[:3]),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=1),
)
_views = [
    dict(type='wsss.LoadImage'), dict(type='wsss.MultiScaleViews'), dict(type='wsss.PackViews'),
]
polarity = dict(dataset=dict(pipeline=_views))
ccam_maps = dict(test_dataloader=dict(batch_size=6, dataset=dict(pipeline=_views)))
saliency_net = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='wsss.MergeClasses'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=1),
)
segmentor_model = dict(backbone=dict(init_cfg=None))
saliency_dir = '@saliency/saliency'
classifier_model = dict(
    head=dict(
        _delete_=True, type='wsss.EPSHead', num_classes='@data/num_classes', in_channels=16,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
    ),
    map_losses=[dict(type='wsss.EPSLoss')],
)
classifier = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
                dict(type='wsss.AppendSaliency'),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='wsss.PaddedCrop', crop_size=52),
                dict(type='PackInputs', meta_keys=_pack),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=2),
)
cams = dict(model=dict(cam=dict(_delete_=True, type='wsss.SoftmaxCAM')))
superpixel_recipe = dict(batch_size=6, crop_size=(40, 40), max_epochs=2, affinity_from=1)
superpixel_model = dict(network=dict(cell=8))
kernels = dict(cell=8, in_channels=16, hidden=(16,), kernel_size=1)
to_pixels = dict(steps=3)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
"""
LABELS, MAPS = '*labels*/masks/*.png', '*cams*/scores/*.npz'
WALKED = 'superpixel_walk/scores/*.npz'


@pytest.fixture(scope='module')
def chain(tmp_path_factory, tiny_class):
    """A run, made one stage after the other, and for each a folder in which all before are done."""
    made = tiny_class(tmp_path_factory.mktemp('sp_cam'))
    made.config = made.folder / 'sp_cam.py'
    made.config.write_text(CONFIG.format(root=ROOT))
    made.stages = []
    for stage in load_config(str(made.config), None).pipeline:
        base = made.folder / f'before_{stage}'
        base.mkdir()
        if (made.folder / 'run').exists():
            shutil.copytree(made.folder / 'run', base, dirs_exist_ok=True)
        assert made.train('--stage', stage) == 0, stage
        made.stages.append(stage)
    return made


def test_one_command_gives_what_its_stages_give_one_by_one(chain):
    assert chain.train(work_dir='at_once') == 0
    assert list(chain.summary('at_once')) == chain.stages
    for pattern in (LABELS, MAPS, WALKED, 'saliency/saliency/*.png'):
        assert chain.files(pattern, 'at_once') == chain.files(pattern), pattern
    ours, theirs = chain.summary('at_once'), chain.summary()
    for stage in chain.stages:
        assert ours[stage]['metrics'] == theirs[stage]['metrics'], stage


def test_maps_of_superpixels_are_other_maps_of_all_images(chain):
    raw, moved = chain.files('cams/scores/*.npz'), chain.files('sp_cams/scores/*.npz')
    assert len(raw) == len(moved) == 24
    assert len(chain.files('superpixels/weights.pth')) == 1
    metrics = chain.summary()
    assert 0 < metrics['map_labels']['metrics']['mIoU'] <= 100
    assert 0 < metrics['segmentor']['metrics']['mIoU'] <= 100


def test_two_processes_run_the_chain_and_label_as_one_does(chain):
    done = chain.launch(2, work_dir='two')
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(chain.summary('two')) == chain.stages
    # with the weights of the one process, all files of maps and labels are the same
    trained = ['ccam', 'saliency_net', 'classifier', 'superpixels', 'sp_classifier']
    reuse = [f'{stage}={chain.folder / "run" / stage}' for stage in trained]
    done = chain.launch(
        2, '--until', 'pseudo_labels_test', '--reuse', *reuse, work_dir='two_of_one'
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for pattern in (LABELS, MAPS, WALKED, 'saliency/saliency/*.png'):
        found = chain.files(pattern, 'two_of_one')
        assert found and found == chain.files(pattern), pattern


def test_every_stage_killed_ends_as_an_undisturbed_one(chain):
    reports, printed = chain.strike(chain.stages, ['before=1'])
    assert [report['stage'] for report in reports] == chain.stages, printed
    assert all(len(report['struck']) == 1 for report in reports)
    problems = [problem for report in reports for problem in report['problems']]
    assert not problems, '\n'.join(problems[:5])


def test_records_say_whose_saliency_it_is(chain):
    records = {name: json.loads(text) for name, text in chain.files('*/record.json').items()}
    own = [f'saliency: {chain.folder / "run/saliency/saliency"}']
    for stage in chain.stages:
        made_before = chain.stages.index(stage) <= chain.stages.index('saliency')
        found = records[f'{stage}/record.json'].get('annotation_source', [])
        assert found == ([] if made_before else own), stage
