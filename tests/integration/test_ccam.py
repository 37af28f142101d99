# SPDX-License-Identifier: Apache-2.0
"""Class-agnostic maps: contrast, polarity by class maps, groups, and the loss of ECS."""

from pathlib import Path

import pytest
import torch

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
_base_ = [
    './tiny.py', './tiny_ccam.py', '{root}/configs/_base_/stages/ccam.py',
    '{root}/configs/_base_/stages/ensemble.py',
]
pipeline = ['classifier', 'cams', 'ccam', 'ccam_maps', 'ensemble', 'pseudo_labels']
_size = dict(type='Resize', scale=(48, 48))
polarity = dict(
    mode='classcam',
    dataset=dict(
        pipeline=[
            dict(type='wsss.LoadScores', folder='@cams/scores'),
            dict(type='wsss.LoadImage'),
            dict(type='wsss.MultiScaleViews', base_size=(48, 48), keep_ratio=False),
            dict(type='wsss.PackViews'),
        ],
    ),
)
ccam = dict(
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                _size,
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape')),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=2),
    optim_wrapper=dict(optimizer=dict(lr=0.05)),
)
ensemble_members = dict(agnostic='@ccam_maps/scores', specific=['@cams/scores'], mode='linear')
label_scores = '@ensemble/scores'
"""
GROUPS = """
_base_ = ['./ccam.py']
pipeline = ['ccam', 'ccam_maps']
polarity = dict(mode='border', dataset=dict(pipeline=[
    dict(type='wsss.LoadImage'), dict(type='wsss.MultiScaleViews'), dict(type='wsss.PackViews'),
]))
ccam_model = dict(group_by=(0, 0, 1, 1, 1))
ccam = dict(
    model_wrapper_cfg=dict(type='MMDistributedDataParallel', find_unused_parameters=True),
    train_dataloader=dict(
        sampler=dict(type='wsss.GroupSampler', group_by='@ccam_model.group_by', batch_size=8)
    ),
)
"""
ECS = """
_base_ = ['./ccam.py']
pipeline = ['classifier', 'ccam', 'ccam_maps']
ccam_model = dict(
    type='wsss.ECSCCAM',
    cls_head=dict(
        type='MultiLabelLinearClsHead', num_classes=5, in_channels=16,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
    ),
)
ccam = dict(custom_hooks=[])
"""


@pytest.fixture
def agnostic(tiny):
    config = tiny.folder / 'ccam.py'
    config.write_text(CHILD.format(root=ROOT))
    tiny.config = config
    return tiny


def written(run, text):
    config = run.folder / 'own.py'
    config.write_text(text)
    return config


def weights(run, stage='ccam'):
    return torch.load(run.folder / f'run/{stage}/weights.pth', weights_only=True)


@pytest.mark.slow
def test_maps_without_classes_sharpen_those_of_a_classifier(agnostic):
    assert agnostic.train() == 0
    record = agnostic.summary()['ccam']
    assert record['polarity'] == 'classcam' and len(record['polarity_votes']) == 1
    sign = weights(agnostic)['signs']
    assert sign.tolist() == [1.0 if record['polarity_votes'][0] >= 0 else -1.0]
    folder = agnostic.folder / 'run'
    plain, joined = (ScoreStore(folder / f'{s}/scores') for s in ('ccam_maps', 'ensemble'))
    names = [path.stem for path in (folder / 'ccam_maps/scores').glob('*.npz')]
    assert len(names) == 24
    several = next(maps for maps in map(plain.read, sorted(names)) if len(maps.keys) > 1)
    assert torch.equal(several.scores[0], several.scores[1])
    assert joined.read(names[0]).keys.tolist() == plain.read(names[0]).keys.tolist()
    # the same again is not made again; another polarity makes the training stale
    assert agnostic.train('--until', 'ensemble') == 0
    agnostic.config = written(agnostic, "_base_ = ['./ccam.py']\npolarity = dict(mode='center')\n")
    stale = agnostic.launch(1, '--until', 'ccam')
    assert stale.returncode != 0 and 'custom_hooks[0].mode' in stale.stderr


@pytest.mark.slow
@pytest.mark.parametrize('processes', [1, 2])
def test_each_group_has_a_model_that_only_its_images_train(agnostic, processes):
    agnostic.config = written(agnostic, GROUPS)
    done = agnostic.launch(processes)
    assert done.returncode == 0, done.stderr[-3000:]
    state = weights(agnostic)
    heads = [state[f'members.{group}.head.weight'] for group in range(2)]
    assert state['signs'].shape == (2,) and not torch.equal(*heads)


@pytest.mark.slow
def test_class_maps_completed_by_erasing_train_the_foreground(agnostic):
    agnostic.config = written(agnostic, ECS)
    done = agnostic.launch(2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert weights(agnostic)['signs'].tolist() == [1.0]
