# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn

from wsss.engine import meter
from wsss.engine.hooks import ProgressHook, progress
from wsss.engine.meter import Meter, count_images, format_seconds, loop_images
from wsss.engine.notes import read_notes
from wsss.errors import ConfigError


class Ten(BaseDataset):
    def load_data_list(self):
        return [dict(value=float(i)) for i in range(10)]

    def prepare_data(self, idx):
        return dict(inputs=torch.full((2,), self.get_data_info(idx)['value']))


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, inputs, mode='loss'):
        out = self.layer(torch.stack(inputs))
        if mode == 'loss':
            return dict(loss=out.square().mean())
        return [BaseDataElement() for _ in inputs]


class Count(BaseMetric):
    default_prefix = 'count'

    def process(self, data_batch, data_samples):
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results):
        return dict(n=len(results))


class Clock:
    """Time that passes only when looked at: one second each."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 1.0
        return self.now


def make_runner(work_dir, train_cfg=None, interval_s=1e-9):
    loader = dict(
        batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=Ten(),
    )  # fmt: skip
    if not train_cfg.get('by_epoch', True):
        loader['sampler'] = dict(type='InfiniteSampler')
    plain = {**loader, 'sampler': dict(type='DefaultSampler', shuffle=False)}
    return Runner(
        model=Net(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=train_cfg,
        val_dataloader=plain,
        val_cfg=dict(),
        val_evaluator=[Count()],
        test_dataloader=plain,
        test_cfg=dict(),
        test_evaluator=[Count()],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[dict(type='wsss.ProgressHook', interval_s=interval_s)],
        experiment_name=work_dir.name,
    )


def log_lines(work_dir):
    lines = [line for path in work_dir.rglob('*.log') for line in path.read_text().splitlines()]
    return [line for line in lines if 'images/s' in line or ' images in ' in line]


def test_epochs_are_counted_as_one_training_with_validations_between(tmp_path):
    runner = make_runner(tmp_path, dict(by_epoch=True, max_epochs=2))
    runner.train()
    lines = log_lines(tmp_path)
    assert any('train: 14/20 images' in line for line in lines)
    assert any('train: 20 images in' in line for line in lines)
    assert any('val: 4/10 images' in line and 'ETA 0:' in line for line in lines)
    assert read_notes()['train_images_per_s'] > 0


def test_iterations_are_counted_by_batches(tmp_path):
    runner = make_runner(tmp_path, dict(by_epoch=False, max_iters=5, val_interval=3))
    runner.train()
    assert any('train: 20 images in' in line for line in log_lines(tmp_path))


def test_test_loop_leaves_number_and_rate_in_the_notes(tmp_path):
    runner = make_runner(tmp_path, dict(by_epoch=True, max_epochs=1))
    runner.test()
    assert read_notes()['images'] == 10
    assert read_notes()['images_per_s'] > 0
    assert any('test: 10 images in' in line for line in log_lines(tmp_path))


def test_lines_keep_their_distance(tmp_path):
    make_runner(tmp_path, dict(by_epoch=True, max_epochs=1), interval_s=3600).test()
    assert len(log_lines(tmp_path)) == 1


def test_terminal_gets_a_bar_instead_of_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stderr, 'isatty', lambda: True, raising=False)
    make_runner(tmp_path, dict(by_epoch=True, max_epochs=1)).test()
    assert 'test:' in capsys.readouterr().err
    assert not any('ETA' in line for line in log_lines(tmp_path))


def test_meter_leaves_out_pauses_from_the_rate_but_not_from_the_time_to_go(monkeypatch):
    monkeypatch.setattr(meter, 'time', Clock())
    counted = Meter(total=40)  # started at 1
    counted.add(10)  # at 2
    for _ in range(7):
        meter.time.perf_counter()  # a pause up to 9
    counted.resume()  # at 10
    counted.add(10)  # at 11
    assert counted.rate == pytest.approx(20 / 2)
    assert counted.remaining == pytest.approx((12 - 1) * 20 / 20)


def test_meter_of_a_continued_run_does_not_count_what_was_done(monkeypatch):
    monkeypatch.setattr(meter, 'time', Clock())
    counted = Meter(total=100, first=90)
    counted.add(5)
    assert counted.rate == pytest.approx(5)
    assert counted.text().startswith('95/100 images, 5.0 images/s')


def test_empty_meter_has_rate_zero():
    assert Meter(10).rate == 0


@pytest.mark.parametrize(
    'batch, images',
    [
        (dict(inputs=[1, 2, 3], data_samples=[]), 3),
        (dict(inputs=torch.zeros(5, 3)), 5),
        (dict(inputs=dict(img=[1, 2])), 2),
        (dict(other=[1, 2]), 2),
        ([torch.zeros(4, 3), torch.zeros(4)], 4),
        ([dict(), dict()], 2),
        (torch.zeros(6, 2), 6),
        (dict(), 0),
        (3, 1),
    ],
)
def test_images_of_a_batch_are_counted(batch, images):
    assert count_images(batch) == images


def test_loop_images_of_odd_loaders():
    class Loader(list):
        batch_size, drop_last, sampler = 4, True, range(10)

    loader = Loader([0, 0])
    assert loop_images(loader) == 8
    loader.drop_last = False
    assert loop_images(loader) == 10
    loader.batch_size = None
    assert loop_images(loader) == 2


def test_seconds_are_written_as_hours_minutes_seconds():
    assert format_seconds(3725.4) == '1:02:05'
    assert format_seconds(-1) == '0:00:00'


@pytest.mark.parametrize('interval', [0, -1, True])
def test_interval_must_be_positive(interval):
    with pytest.raises(ConfigError, match='interval_s'):
        ProgressHook(interval_s=interval)
