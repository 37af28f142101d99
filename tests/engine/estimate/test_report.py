# SPDX-License-Identifier: Apache-2.0
"""Hours and memory from measurements, worked out by hand."""

import pytest

from wsss.engine.estimate import Assumptions, markdown
from wsss.engine.estimate.measure import Measured
from wsss.engine.estimate.parts import Part
from wsss.engine.estimate.report import Row
from wsss.engine.estimate.trial import Trial

GIB = 2**30


def make_row(flops=6e10, peak=3 * GIB, seconds=1.0, pipeline_s=0.01, **changes):
    part = Part('classifier', 'train', 'train_dataloader', batch=16, workers=2)
    step = Measured(flops, peak, kept=GIB, seconds=seconds)
    sizes = [(448, 448)]
    trial = Trial(2, 2, step, pipeline_s, rounds=1, parameters=10**6, sizes=sizes)
    return Row(part, **{**dict(images=3600, epochs=10, steps=2250, trial=trial), **changes})


def test_hours_are_operations_by_speed_where_the_network_is_slowest():
    # 36,000 images x 30 GFLOP / (1 TFLOP/s) = 1080 s
    hours, slowest = make_row().hours(gpus=1, tflops=1)
    assert (hours, slowest) == (pytest.approx(0.3), 'GPU')
    assert make_row().hours(gpus=4, tflops=1)[0] == pytest.approx(0.075)


def test_hours_are_those_of_the_loader_where_its_workers_are_slower():
    # 36,000 images x 1 s / 2 workers
    assert make_row(pipeline_s=1.0).hours(gpus=1, tflops=1) == (pytest.approx(5.0), 'loader')


def test_without_a_network_the_measured_seconds_count():
    # 36,000 images x 1 s / 2 images in the step
    row = make_row(flops=0)
    row.trial.parameters = 0
    hours, slowest = row.hours(gpus=1, tflops=1)
    assert (hours, slowest) == (pytest.approx(5.0), 'main process')


def test_memory_of_fewer_images_is_scaled_but_for_what_stays():
    row = make_row()  # 1 GiB stays, 2 GiB for 2 of 16 images
    assert row.scaled and row.memory == 17 * GIB
    assert '17.00 GiB *' in markdown([row], 'a.py', Assumptions())
    assert '2 of 16' in markdown([row], 'a.py', Assumptions())


def test_totals_say_how_many_parts_are_missing():
    failed = make_row(trial=None, problem='DataError: no maps')
    table = markdown([make_row(epochs=40), failed], 'a.py', Assumptions(tflops=1, gpus=(1, 2)))
    assert (
        '**Total (without the 1 that could not be tried): 1.2 h on 1 GPU, 0.6 h on 2 GPUs' in table
    )
    assert '- classifier: train: DataError: no maps' in table
    widths = {line.count('|') for line in table.splitlines() if line.startswith('|')}
    assert len(widths) == 1
