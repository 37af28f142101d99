# SPDX-License-Identifier: Apache-2.0
"""A classifier taught by saliency, and the maps it makes."""

import json

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
EPS = """
_base_ = './tiny.py'
pipeline = ['classifier', 'cams']
saliency_dir = None
classifier_model = dict(
    head=dict(
        _delete_=True, type='wsss.EPSHead', num_classes='@data/num_classes', in_channels=16
    ),
    map_losses=[dict(type='wsss.EPSLoss')],
)
_pipeline = [
    dict(type='wsss.LoadImage'),
    dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
    dict(type='wsss.AppendSaliency'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='wsss.PaddedCrop', crop_size=52),
    dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
]
classifier = dict(
    train_dataloader=dict(dataset=dict(pipeline=_pipeline)), train_cfg=dict(max_epochs=1)
)
cams = dict(model=dict(cam=dict(_delete_=True, type='wsss.SoftmaxCAM')))
"""


def test_what_is_wrong_with_saliency_is_said_and_records_say_whose_it_is(tiny, capsys):
    tiny.config.with_name('eps.py').write_text(EPS)
    config, folder = tiny.folder / 'eps.py', tiny.folder / 'saliency'
    folder.mkdir()
    assert tiny.train(config=config) == 1
    assert 'LoadSaliency.folder is not set' in capsys.readouterr().err
    masks = sorted((tiny.folder / 'data').glob('train-*/masks/*.png'))
    for path in masks:
        salient = np.asarray(Image.open(path)) % 255 > 0
        Image.fromarray(salient.astype(np.uint8) * 255).save(folder / path.name)
    lost = (folder / masks[3].name).rename(tiny.folder / 'lost.png')
    options = ['--cfg-options', f'saliency_dir={folder}']
    assert tiny.train(*options, config=config) == 1
    said = capsys.readouterr().err
    assert f"image '{masks[3].stem}'" in said and f'{folder}/{masks[3].name} does not exist' in said
    lost.rename(folder / masks[3].name)
    assert tiny.train(*options, '--redo', 'classifier', config=config) == 0
    records = {name: json.loads(text) for name, text in tiny.files('*/record.json').items()}
    assert set(records) == {'classifier/record.json', 'cams/record.json'}
    for record in records.values():
        assert record['annotation_source'] == [f'saliency: {folder}']
    assert len(tiny.files('cams/scores/*.npz')) == 24
