# SPDX-License-Identifier: Apache-2.0
import os
import socket

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine import Config
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement, PixelData
from PIL import Image

from wsss.datasets.base import ImageRecord, WSSSDataset
from wsss.engine.hooks import ContactSheetHook
from wsss.engine.hooks.contact_sheet import spread
from wsss.engine.notes import read_notes
from wsss.errors import ConfigError
from wsss.fileio import write_mask
from wsss.structures import ScoreMaps, ScoreStore, WSSSDataSample

BRIGHT = (252, 255, 164)  # score 1


class Flat(WSSSDataset):
    """Images of one colour each, class by number, with masks."""

    def describe(self):
        return dict(classes=('background', 'cat', 'dog'), image_classes=('cat', 'dog'))

    def load_records(self):
        root = self.data_root
        return [
            ImageRecord(str(i), f'{root}/{i}.png', [i % 2], f'{root}/{i}_mask.png')
            for i in range(7)
        ]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        meta = dict(image_id=info['image_id'], img_path=info['img_path'])
        sample = WSSSDataSample(metainfo=meta, gt_label=torch.tensor(info['gt_label']))
        return dict(inputs=torch.zeros(3, 8, 8), data_samples=sample)


class Plain(BaseDataset):
    """A data set that knows nothing of images."""

    def load_data_list(self):
        return [dict(value=0)] * 3

    def prepare_data(self, idx):
        return dict(inputs=torch.zeros(3, 8, 8), data_samples=BaseDataElement())


class Maps(BaseModel):
    """Gives maps, scores or nothing."""

    def __init__(self, gives='maps'):
        super().__init__()
        self.gives, self.layer, self.shown = gives, torch.nn.Linear(1, 1), []

    def forward(self, inputs, data_samples, mode='loss'):
        for sample in data_samples:
            self.shown.append(sample.get('image_id'))
            if self.gives in ('maps', 'labels'):
                sample.score_maps = ScoreMaps(sample.gt_label, torch.ones(1, 4, 4), (32, 48))
            if self.gives == 'labels':
                sample.pred_sem_seg = PixelData(data=torch.ones(1, 32, 48, dtype=torch.uint8))
            elif self.gives == 'scores':
                sample.pred_score = torch.tensor([0.8, 0.2])
        return data_samples


@pytest.fixture
def data(tmp_path):
    for i in range(7):
        Image.fromarray(np.full((32, 48, 3), 30 * i, np.uint8)).save(tmp_path / f'{i}.png')
        write_mask(tmp_path / f'{i}_mask.png', np.full((32, 48), 1 + i % 2, np.uint8))
    return tmp_path


def run(data, gives='maps', folder='out', dataset=None, test_cfg=None, launcher='none', **hook):
    dataset = dataset or dict(type=Flat, data_root=str(data))
    wrapper = dict(model_wrapper_cfg=dict(type='wsss.TestWrapper'))
    runner = Runner(
        model=Maps(gives),
        work_dir=str(data / folder),
        test_dataloader=dict(
            batch_size=2, num_workers=0, dataset=dataset,
            sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
        ),
        test_cfg=test_cfg or dict(),
        test_evaluator=[dict(type='wsss.ClassifierHealth')] if gives == 'scores' else [],
        custom_hooks=[
            dict(type='wsss.ContactSheetHook', **{**dict(num_images=3, panel=64), **hook}),
            dict(type='wsss.ProgressHook'),
        ],
        launcher=launcher,
        cfg=Config(wrapper if launcher != 'none' else {}),
        experiment_name=f'{data.name}-{folder}-{gives}',
    )  # fmt: skip
    metrics = runner.test()
    path = data / folder / hook.get('filename', 'contact_sheet.png')
    page = np.asarray(Image.open(path)) if path.is_file() else None
    return runner, page, metrics


def log_text(runner):
    return ''.join(open(path).read() for path in runner_logs(runner))


def runner_logs(runner):
    return [os.path.join(runner.log_dir, f) for f in os.listdir(runner.log_dir) if '.log' in f]


def test_spread_takes_the_middles_of_equal_parts():
    assert spread(7, 3) == [1, 3, 5]
    assert spread(100, 4) == [12, 37, 62, 87]
    assert spread(2, 8) == [0, 1]
    assert spread(0, 8) == [] and spread(5, 0) == []


def test_sheet_shows_image_map_and_truth_of_chosen_images(data):
    runner, page, _ = run(data)
    # three columns, two rows side by side
    assert page.shape[1] == 12 + 2 * (3 * 70 - 6) + 18
    for i in (1, 3, 5):
        assert ((page == 30 * i).all(-1)).sum() >= 64 * 42, 'images 1, 3 and 5 are shown'
    assert (page == 60).all(-1).sum() < 100, 'image 2 is not'


def test_the_label_made_of_the_maps_has_a_column_of_its_own(data):
    _, page, _ = run(data, 'labels')
    # image, map, label, truth: one row for each image
    assert page.shape[1] == 12 + 4 * 70 - 6
    other = run(data, 'maps')[1]
    assert page.shape[0] > other.shape[0]


def test_classifier_sheet_shows_images_only(data):
    _, page, metrics = run(data, 'scores')
    assert page.shape[1] == 12 + 3 * (64 + 18) - 18
    assert metrics['accuracy'] == pytest.approx(400 / 7, abs=1e-3)


def test_images_done_by_an_earlier_run_come_from_the_files(data):
    whole = run(data, folder='whole')[1]
    for i in (0, 1, 3):
        maps = ScoreMaps(torch.tensor([i % 2]), torch.ones(1, 4, 4), (32, 48))
        ScoreStore(data / 'rest' / 'scores').write(str(i), maps)
    runner, page, _ = run(data, folder='rest', test_cfg=dict(type='wsss.PerImageLoop'))
    assert runner.model.shown == ['2', '4', '5', '6']
    # the first line, with the name of the stage, differs
    np.testing.assert_array_equal(page[24:], whole[24:])
    assert read_notes()['images'] == 7


def test_mask_files_of_an_earlier_run_are_shown_as_labels(data):
    for i in range(7):
        write_mask(data / 'labels' / 'masks' / f'{i}.png', np.ones((32, 48), np.uint8))
    cfg = dict(type='wsss.PerImageLoop', written='masks/{}.png')
    runner, page, _ = run(data, folder='labels', test_cfg=cfg)
    assert runner.model.shown == [] and page is not None
    assert 'images_per_s' not in read_notes()


def test_unreadable_image_is_left_out_with_one_warning(data):
    (data / '1.png').write_bytes(b'broken')
    (data / '3.png').write_bytes(b'')
    runner, page, _ = run(data)
    assert (page == 150).all(-1).any()
    assert log_text(runner).count('Contact sheet:') == 1


def test_data_set_without_images_gives_no_sheet_and_no_error(data):
    runner, page, _ = run(data, gives='nothing', dataset=dict(type=Plain))
    assert page is None
    assert 'Contact sheet' in log_text(runner)


def test_no_images_asked_gives_no_sheet(data):
    assert run(data, num_images=0)[1] is None


def test_name_of_the_file_can_be_chosen(data):
    assert run(data, filename='look.png')[1] is not None


def _rank(rank, port, data):
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank), WORLD_SIZE='3', LOCAL_RANK=str(rank), MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
    )  # fmt: skip
    torch.distributed.init_process_group('gloo')
    _, _, metrics = run(data, 'scores', folder='three', launcher='pytorch')
    assert metrics['accuracy'] == pytest.approx(400 / 7, abs=1e-3)
    assert read_notes()['images'] == 7
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason='no torch.distributed')
def test_uneven_ranks_give_the_sheet_and_the_figures_of_one(data):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    mp.start_processes(_rank, (port, data), nprocs=3, start_method='fork')
    three = np.asarray(Image.open(data / 'three' / 'contact_sheet.png'))
    one = run(data, 'scores', folder='alone')[1]
    np.testing.assert_array_equal(three[24:], one[24:])


@pytest.mark.parametrize(
    'wrong, message',
    [(dict(num_images=-1), 'num_images must be >= 0'), (dict(panel=8), 'panel must be >= 32')],
)
def test_sizes_out_of_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        ContactSheetHook(**wrong)
