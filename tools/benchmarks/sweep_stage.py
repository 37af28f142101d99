# SPDX-License-Identifier: Apache-2.0
"""Time the stage that sweeps epochs and thresholds against making the maps of the same epochs.

The maps are those of ``configs/sweep/pets_light.py`` (MobileNetV2, one view of 224 px). The
checkpoints are not trained: one set of weights, its head changed a little for every epoch. Seconds
and rates are those of the ``record.json`` of each stage; a loop is without what every stage does
once, and that of the maps includes writing them. The mIoU of the last epoch at every threshold is
compared with that of labels made anew from the maps on disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, medians, prepare, report, time_row
from stages import ROOT, SHAPES, build, environment, stage_config, write_weights

from wsss.engine import checkpoint
from wsss.ops.best_class import best_class
from wsss.ops.confusion import confusion_matrix, mean_iou
from wsss.registry import DATASETS
from wsss.structures import ScoreStore

CONFIG = """
_base_ = '{root}/configs/sweep/pets_light.py'
pipeline = ['classifier', 'sweep', 'cams']
data_root = {data!r}
pretrained = {pretrained!r}
keep_freed_memory = {keep}
verify_files = False
classifier = dict(train_cfg=dict(max_epochs={epochs}))
sweep = dict(test_dataloader=dict(num_workers={workers}))
cams = dict(load_from=None, test_dataloader=dict(num_workers={workers}))
"""


def write_training(args: argparse.Namespace, folder: Path) -> Path:
    """Write a config, and a training stage with a checkpoint of every epoch; return the config."""
    config = folder / 'config.py'
    text = CONFIG.format(
        root=ROOT,
        data=args.data_root or str(folder / 'data'),
        pretrained=args.pretrained,
        keep=not args.default_malloc,
        epochs=args.epochs,
        workers=args.workers,
    )
    if args.data_root is None:
        text += SHAPES.format(size=tuple(args.size), images=args.images)
    config.write_text(text, encoding='utf-8')
    stage = folder / 'classifier'
    write_weights(config, stage / 'weights.pth')
    state = checkpoint.load(stage / 'weights.pth')
    generator = torch.Generator().manual_seed(0)
    for epoch in range(1, args.epochs + 1):
        for name in (n for n in state if n.startswith('head.') and n.endswith('weight')):
            noise = torch.randn(state[name].shape, generator=generator)
            state[name] = state[name] + 0.1 * state[name].std() * noise
        meta = dict(epoch=epoch, iter=epoch, seed=0)
        content = dict(meta=meta, state_dict=state)
        checkpoint.save(content, stage / f'checkpoints/epoch_{epoch}.pth')
    checkpoint.save(state, stage / 'weights.pth')
    return config


def run(config: Path, stage: str, name: str, threads: int, *options: str) -> dict[str, Any]:
    """Run one stage anew and return its record."""
    target = config.parent / name
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(config), '--work-dir', str(target)]
    command += ['--stage', stage, '--reuse', f'classifier={config.parent / "classifier"}']
    if (target / stage).exists():
        command += ['--redo', stage]
    done = subprocess.run(
        [*command, *options], env=environment(threads), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f'the stage failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}')
    return json.loads((target / stage / 'record.json').read_text())


def labelled_anew(config: Path, scores: Path, rows: list[dict]) -> float:
    """Return the largest difference of mIoU to labels made of the maps for each threshold."""
    dataset = build(DATASETS, stage_config(config, 'sweep')['test_dataloader']['dataset'])
    info, store = dataset.metainfo, ScoreStore(scores)
    labels = len(info['classes'])
    counts = torch.zeros(len(rows), labels, labels, dtype=torch.int64)
    for i in range(len(dataset)):
        sample = dataset[i]['data_samples']
        label, score = best_class(store.read(sample.image_id), info['class_to_label'])
        truth = sample.gt_sem_seg.data[0]
        for k, row in enumerate(rows):
            if sample.held_out == (row['part'] == 'held_out'):
                mask = torch.where(score < row['Threshold'], 0, label)
                counts[k] += confusion_matrix(truth, mask, labels)
    found = torch.tensor([row['M0 mIoU'] for row in rows], dtype=torch.float64)
    return float((100 * mean_iou(counts) - found).abs().max())


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--data-root', help='Oxford-IIIT Pet; generated images without')
    parser.add_argument('--pretrained', help='weights of MobileNetV2; drawn without')
    parser.add_argument('--epochs', type=int, default=4)
    parser.add_argument('--images', type=int, default=200, help='of generated ones')
    parser.add_argument('--size', type=int, nargs=2, default=(375, 500), metavar=('H', 'W'))
    parser.add_argument('--workers', type=int, default=2, help='of the loader')
    args = parser.parse_args()
    conditions = prepare(args)
    whole: dict[str, list[float]] = {'sweep': [], 'maps of all epochs': []}
    loops: dict[str, list[float]] = {name: [] for name in whole}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_training(args, folder)
        for _ in range(args.rounds):
            record = run(config, 'sweep', 'sweep', args.threads)
            images = record['images']
            rounds = {'sweep': [record], 'maps of all epochs': []}
            for epoch in range(1, args.epochs + 1):
                weights = folder / f'classifier/checkpoints/epoch_{epoch}.pth'
                options = ('--cfg-options', f'cams.load_from={weights}')
                record = run(config, 'cams', f'maps_{epoch}', args.threads, *options)
                rounds['maps of all epochs'].append(record)
            for way, records in rounds.items():
                whole[way].append(sum(r['seconds'] for r in records))
                passes = args.epochs // len(records)
                loops[way].append(sum(passes * images / r['images_per_s'] for r in records))
        rows = json.loads((folder / f'sweep/sweep/epochs/epoch_{args.epochs}.json').read_text())
        difference = labelled_anew(config, folder / f'maps_{args.epochs}/cams/scores', rows)
    stage, loop = medians(whole), medians(loops)
    figures = dict(
        ratio_cost_over_maps=stage['sweep'] / loop['maps of all epochs'],
        ratio_cost_over_maps_loops=loop['sweep'] / loop['maps of all epochs'],
        ratio_cost_over_maps_stages=stage['sweep'] / stage['maps of all epochs'],
        max_abs_diff_miou=difference,
    )
    conditions.update(epochs=args.epochs, images=images, rows=args.epochs * len(rows))
    total = args.epochs * images
    table = [time_row(f'{way}, stages', values, total) for way, values in whole.items()]
    table += [time_row(f'{way}, loops', values, total) for way, values in loops.items()]
    report('sweep_stage', table, figures, conditions, args.json)


if __name__ == '__main__':
    main()
