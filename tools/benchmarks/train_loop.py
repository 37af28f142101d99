# SPDX-License-Identifier: Apache-2.0
"""Time the classifier stage against a plain PyTorch training loop.

Ours is ``tools/train.py`` on ``configs/cam/pets_light.py``: all hooks, logs, seeds of epochs and
checkpoints included; once as it is and once with ``channels_last=False``, which shows what the loop
itself costs. The plain loop is what one writes by hand: the same loader, network, SGD, lr schedule
and clipping, one ``torch.save`` an epoch, nothing else. All start from the same weights and the
same random numbers; every loss and the final weights are compared. The clock runs from the first
epoch's start to the last one's end; building and validation are left out.

The images are generated, or those of Oxford-IIIT Pet with ``--data-root`` (and ``--pretrained``).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.hooks import Hook
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, medians, prepare, report, time_row
from stages import PETS_LIGHT, SHAPES, build, stage_config, write_weights

from wsss import compat
from wsss.engine.cli import train_main
from wsss.engine.functions import seed_worker
from wsss.engine.hooks.epoch_seed import seed_everything
from wsss.engine.stage import WEIGHTS
from wsss.registry import DATASETS, HOOKS, MODELS

CONFIG = """
_base_ = {base!r}
pipeline = ['classifier']
data_root = {data_root!r}
pretrained = {pretrained!r}
keep_freed_memory = {keep}
classifier = dict(
    load_from={start!r},
    train_dataloader=dict(
        batch_size={batch}, num_workers={workers}, dataset=dict(indices={images})
    ),
    train_cfg=dict(max_epochs={epochs}),
    val_dataloader=None,
    val_evaluator=None,
    test_dataloader=None,
    test_evaluator=None,
    default_hooks=dict(clock=dict(type='wsss.BenchmarkClock')),
)
"""


@HOOKS.register_module(force=True)
class BenchmarkClock(Hook):
    """Take the time of a whole training, and every loss."""

    priority = 'LOWEST'
    seconds = 0.0
    losses: list[float] = []

    def before_train(self, runner) -> None:
        """Start."""
        BenchmarkClock.losses = []
        BenchmarkClock.seconds = -time.perf_counter()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Keep the loss."""
        BenchmarkClock.losses.append(outputs['loss'].item())

    def after_train(self, runner) -> None:
        """Stop."""
        BenchmarkClock.seconds += time.perf_counter()


class Ways:
    """The two ways to train one config.

    Args:
        args: The command line.
        folder: For everything that is written.
    """

    def __init__(self, args: argparse.Namespace, folder: Path):
        self.folder = folder
        self.start, self.file = folder / 'start.pth', folder / 'config.py'
        text = CONFIG.format(
            base=str(PETS_LIGHT),
            data_root=args.data_root or str(folder / 'data'),
            pretrained=args.pretrained,
            keep=not args.default_malloc,
            start=str(self.start),
            batch=args.batch,
            workers=args.workers,
            images=args.images,
            epochs=args.epochs,
        )
        if not args.data_root:
            text += SHAPES.format(images=args.images, size=tuple(args.size))
        elif not args.pretrained:
            text += 'classifier_model = dict(backbone=dict(init_cfg=None))\n'
        self.file.write_text(text, encoding='utf-8')
        write_weights(self.file, self.start)
        self.config = stage_config(self.file, 'classifier')
        self.epochs = args.epochs
        self.dataset = build(DATASETS, self.config['train_dataloader']['dataset'])
        self.dataset.full_init()

    def stage(self, number: int, channels_last: bool = True) -> tuple[float, list[float], dict]:
        """Train through ``tools/train.py``; return seconds, losses, weights."""
        work_dir = self.folder / f'stage_{number}_{channels_last}'
        options = ['--cfg-options', f'channels_last={channels_last}']
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = train_main([str(self.file), '--work-dir', str(work_dir), *options])
        if code:
            raise SystemExit(f'the classifier stage failed:\n{said.getvalue()[-2000:]}')
        weights = torch.load(work_dir / 'classifier' / WEIGHTS, weights_only=True)
        return BenchmarkClock.seconds, BenchmarkClock.losses, weights

    def plain(self, number: int) -> tuple[float, list[float], dict]:
        """Train by hand; return seconds, losses, weights."""
        model = build(MODELS, self.config['model'])
        model.load_state_dict(torch.load(self.start, weights_only=True))
        sampler = DefaultSampler(self.dataset, shuffle=True, seed=0)
        loader = DataLoader(
            self.dataset,
            self.config['train_dataloader']['batch_size'],
            sampler=sampler,
            num_workers=self.config['train_dataloader']['num_workers'],
            collate_fn=pseudo_collate,
            worker_init_fn=seed_worker,
        )
        settings = self.config['optim_wrapper']
        options = {k: v for k, v in settings['optimizer'].items() if k != 'type'}
        body = [p for p in model.backbone.parameters() if p.requires_grad]
        head = dict(params=list(model.head.parameters()), lr=10 * options['lr'])
        optimizer = torch.optim.SGD([dict(params=body), head], **options)
        steps = self.epochs * len(loader)
        # mmengine's PolyLR comes to zero with the last step
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: (1 - step / max(steps - 1, 1)) ** 0.9 if step < steps else 0.0
        )
        trained = [*body, *head['params']]
        mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
        losses: list[float] = []
        begin = time.perf_counter()
        for epoch in range(self.epochs):
            seed_everything(0, epoch, epoch * len(loader), 0)
            sampler.set_epoch(epoch)
            model.train()
            for batch in loader:
                images = (torch.stack(batch['inputs']).float() - mean) / std
                labels = torch.cat([sample.gt_label for sample in batch['data_samples']])
                features = F.adaptive_avg_pool2d(model.backbone(images)[-1], 1).flatten(1)
                loss = F.cross_entropy(model.head.fc(features), labels)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(trained, settings['clip_grad']['max_norm'])
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
            state = dict(model=model.state_dict(), optimizer=optimizer.state_dict())
            torch.save(state, self.folder / f'plain_{number}.pth')
        return time.perf_counter() - begin, losses, model.state_dict()


def differences(one: tuple[list, dict], other: tuple[list, dict]) -> tuple[float, float]:
    """Return the largest difference of the losses and of the weights of two trainings."""
    losses = max(abs(a - b) for a, b in zip(one[0], other[0], strict=True))
    return losses, max(float((value - other[1][key]).abs().max()) for key, value in one[1].items())


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=320)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--batch', type=int, default=16)
    parser.add_argument('--workers', type=int, default=2, help='of the loader, in both ways')
    parser.add_argument('--size', type=int, nargs=2, default=(256, 256), metavar=('H', 'W'))
    parser.add_argument('--data-root', help='Oxford-IIIT Pet, instead of generated images')
    parser.add_argument('--pretrained', help='weights of the backbone, with --data-root')
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update({key: getattr(args, key) for key in ('images', 'epochs', 'batch', 'workers')})
    compat.import_quietly()
    with tempfile.TemporaryDirectory() as folder:
        ways = Ways(args, Path(folder))
        run = {
            'plain PyTorch loop': ways.plain,
            'classifier stage, channels_last=False': lambda i: ways.stage(i, False),
            'classifier stage': ways.stage,
        }
        # the first round warms up, and shows that all give the same
        results = [way(0)[1:] for way in run.values()]
        times: dict[str, list[float]] = {name: [] for name in run}
        for i in range(args.rounds):
            for name in list(run)[:: 1 if i % 2 else -1]:
                times[name].append(run[name](i + 1)[0])
    images = args.epochs * args.images
    middle = medians(times)
    plain, same_layout, own = (middle[name] for name in run)
    figures = dict(
        ratio_plain_over_stage=plain / own,
        # other work on the machine can only slow a round down
        ratio_plain_over_stage_fastest_rounds=min(times['plain PyTorch loop'])
        / min(times['classifier stage']),
        ratio_plain_over_stage_same_layout=plain / same_layout,
        images_per_s_plain=images / plain,
        images_per_s_stage=images / own,
    )
    for name, result in zip(('_same_layout', ''), results[1:]):
        losses, weights = differences(results[0], result)
        figures.update(
            {f'max_abs_diff_losses{name}': losses, f'max_abs_diff_weights{name}': weights}
        )
    rows = [['way', 'median', 'range', 'per image']]
    rows += [time_row(name, values, images) for name, values in times.items()]
    report('train_loop', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
