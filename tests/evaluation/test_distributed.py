# SPDX-License-Identifier: Apache-2.0
"""Two processes with different numbers of images report what one process does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from mmengine.structures import PixelData

from wsss.evaluation import MaskMetric, ThresholdCurve
from wsss.structures import WSSSDataSample

NUM_IMAGES = 5


def evaluate(images):
    """Return metric and curve over those of the five images that this process has."""
    generator = torch.Generator().manual_seed(0)
    metric = MaskMetric(presets=[dict(name='fg', classes='fg')])
    curve = ThresholdCurve([0.1, 0.4, 0.8], 3)
    metric.dataset_meta = dict(classes=('background', 'cat', 'dog'))
    for i in range(NUM_IMAGES):
        size = (4 + i, 6)
        truth = torch.randint(0, 3, size, generator=generator).to(torch.uint8)
        label = torch.randint(1, 3, size, generator=generator).to(torch.uint8)
        score = torch.rand(size, generator=generator)
        if i not in images:
            continue
        held_out = i == 2
        curve.update(truth, label, score, held_out)
        sample = WSSSDataSample(metainfo=dict(image_id=str(i), held_out=held_out))
        sample.gt_sem_seg = PixelData(data=truth[None])
        sample.pred_sem_seg = PixelData(data=label[None])
        metric.process(None, [sample])
    figures = metric.evaluate(NUM_IMAGES)
    curve.reduce()
    return dict(
        figures=figures,
        curve=curve.to_dict(),
        best=list(curve.best('rest')),
        scores=curve.score_counts().tolist(),
        images_by_label=curve.images_by_label('all').tolist(),
    )


def as_rank(target):
    """Evaluate in one of two processes: shares of 3 and 2 images, then of 5 and 0."""
    rank = int(os.environ['RANK'])
    torch.distributed.init_process_group('gloo')
    shares = [[range(3), range(3, 5)], [range(5), range(0)]]
    results = [evaluate(share[rank]) for share in shares]
    Path(f'{target}.{rank}').write_text(json.dumps(results))
    torch.distributed.destroy_process_group()


def test_two_processes_with_uneven_shares_report_what_one_does(tmp_path):
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        port = sock.getsockname()[1]
    environment = dict(os.environ, WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    environment.update(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    target = tmp_path / 'result'
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(target)],
            env={**environment, 'RANK': str(rank), 'LOCAL_RANK': str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=1800)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    alone = evaluate(range(NUM_IMAGES))
    assert alone['curve']['parts']['all']['num_images'] == NUM_IMAGES
    for rank in range(2):
        assert json.loads(Path(f'{target}.{rank}').read_text()) == [alone, alone]


if __name__ == '__main__':
    as_rank(sys.argv[1])
