# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from wsss.engine.hooks import MaskWriter
from wsss.errors import ConfigError, DataError
from wsss.structures import WSSSDataSample

PALETTE = [(0, 0, 0), (200, 0, 0), (0, 200, 0)]


def runner(folder, metainfo=None):
    dataset = SimpleNamespace(metainfo=metainfo)
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    return SimpleNamespace(work_dir=str(folder), test_loop=loop)


def sample(labels, kind=WSSSDataSample, dtype=torch.uint8, **metainfo):
    made = kind(metainfo=metainfo)
    if labels is not None:
        made.pred_sem_seg = PixelData(data=torch.tensor([labels], dtype=dtype))
    return made


def write(work_dir, samples, **arguments):
    hook, stage = MaskWriter(**arguments), runner(work_dir, dict(palette=PALETTE))
    hook.before_test_epoch(stage)
    hook.after_test_iter(stage, 0, None, samples)


def test_labels_come_back_from_the_file(tmp_path):
    write(tmp_path, [sample([[0, 1, 255]], image_id='a'), sample([[2]], image_id='b')])
    with Image.open(tmp_path / 'masks' / 'a.png') as image:
        assert image.mode == 'P'
        assert np.array(image).tolist() == [[0, 1, 255]]
        assert image.getpalette()[3:6] == [200, 0, 0]
    assert sorted(p.name for p in (tmp_path / 'masks').iterdir()) == ['a.png', 'b.png']


def test_segmentor_output_is_named_by_its_image_file(tmp_path):
    made = sample([[1, 2]], kind=SegDataSample, dtype=torch.int64, img_path='images/dog_7.jpg')
    write(tmp_path, [made], folder='predictions')
    with Image.open(tmp_path / 'predictions' / 'dog_7.png') as image:
        assert np.array(image).tolist() == [[1, 2]]


def test_writing_twice_replaces_the_file(tmp_path):
    write(tmp_path, [sample([[0]], image_id='a')])
    write(tmp_path, [sample([[1]], image_id='a')])
    with Image.open(tmp_path / 'masks' / 'a.png') as image:
        assert np.array(image).tolist() == [[1]]


def test_samples_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(DataError, match="image 'a' has no pred_sem_seg"):
        write(tmp_path, [sample(None, image_id='a')])
    with pytest.raises(DataError, match='neither image_id nor img_path'):
        write(tmp_path, [sample([[0]])])
    with pytest.raises(DataError, match='label ids 300..300 do not fit'):
        write(tmp_path, [sample([[300]], dtype=torch.int64, image_id='a')])
    with pytest.raises(DataError, match='cannot name a file'):
        write(tmp_path, [sample([[0]], image_id='../a')])


@pytest.mark.parametrize('folder', ['', '/masks', '../masks', None])
def test_folder_outside_the_stage_is_refused(folder):
    with pytest.raises(ConfigError, match='MaskWriter.folder must be the name of a folder inside'):
        MaskWriter(folder)
