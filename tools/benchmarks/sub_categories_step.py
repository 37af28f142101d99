# SPDX-License-Identifier: Apache-2.0
"""Time what sub-classes and teachers add to a step of training, their own layers apart.

A step is that of the light classifier (MobileNetV2, 16 images of 256 px). Labels and features are
loaded in it, as without loader workers. The linear layers that a way adds are timed alone, forward
and backward; what a step takes beyond that is its excess, in percent of the plain step. As whole
steps vary by more than that, it is also taken from what alone differs: loading and the head,
forward and backward. Times are those of the processor, and the least of all rounds: other work on
the machine only ever adds to them.
"""

from __future__ import annotations

import copy
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, prepare, report
from light_classifier import BATCH, CHANNELS, CLASSES, SIDE, make_model, make_step

from wsss import compat
from wsss.datasets.transforms import LoadFeatures, LoadSubCategories
from wsss.registry import TRANSFORMS
from wsss.structures import FeatureStore, SubCategories

SUBS, TEACHER_CHANNELS = 10, 768
NAMES = tuple(f'class {i}' for i in range(CLASSES))
PLAIN = 'plain'


def results_of(index: int, side: int) -> dict:
    """Return what the pipeline knows of an image, every other one of two classes."""
    labels = [index % CLASSES, (index + 1) % CLASSES][: 1 + index % 2]
    image = np.random.default_rng(index).integers(0, 256, (side, side, 3), dtype=np.uint8)
    known = dict(img=image, image_id=f'{index:02}', gt_label=np.array(labels))
    return dict(known, image_classes=NAMES, dataset='VOC12', split='train')


def write_inputs(folder: Path, images: list[dict]) -> None:
    """Write sub-classes with shares, and the logits and features of a teacher."""
    random = np.random.default_rng(0)
    rows, shares = {}, {}
    for image in images:
        labels = image['gt_label'].tolist()
        rows[image['image_id']] = {i: int(random.integers(SUBS)) for i in labels}
        drawn = random.dirichlet(np.ones(SUBS), len(labels)).tolist()
        shares[image['image_id']] = dict(zip(labels, drawn))
        for name, channels in (('logits', CLASSES), ('features', TEACHER_CHANNELS)):
            FeatureStore(folder / name).write(image['image_id'], torch.randn(channels))
    for name, soft in (('hard', None), ('soft', shares)):
        table = SubCategories('VOC12', 'train', NAMES, (SUBS,) * CLASSES, rows, soft=soft)
        table.write(folder / f'{name}.json')


def make_ways(folder: Path) -> dict[str, tuple[dict, list, tuple[int, int] | None]]:
    """Return head, transforms and size of the own linear layer of each way."""
    size, teacher = (CHANNELS, SUBS * CLASSES), (CHANNELS, TEACHER_CHANNELS)

    def term(kind: str, **options) -> dict:
        return dict(distill=[dict(type='wsss.DistillLoss', kind=kind, **options)])

    hard, soft = (str(folder / f'{name}.json') for name in ('hard', 'soft'))
    logits, features = ([LoadFeatures(str(folder / name))] for name in ('logits', 'features'))
    exploring, taught = dict(type='wsss.SubCategoryHead'), dict(type='wsss.DistillHead')
    softly = dict(exploring, table=soft) | term('soft_subclass', temperature=2.0)
    return {
        PLAIN: ({}, [], None),
        'sub-classes': (dict(exploring, table=hard), [LoadSubCategories(hard)], size),
        'sub-classes, soft_subclass': (softly, [LoadSubCategories(soft)], size),
        'logit': (taught | term('logit', temperature=2.0), logits, None),
        'feature': (taught | term('feature', projection=teacher), features, teacher),
        'relation': (taught | term('relation'), features, None),
    }


def load(images: list[dict], transforms: list) -> dict:
    """Return what a loader hands on."""
    keys = ('teacher',) if any(isinstance(part, LoadFeatures) for part in transforms) else ()
    samples = [dict(image) for image in images]
    pack = dict(type='mmpretrain.PackInputs', algorithm_keys=keys, meta_keys=('image_id',))
    for part in (*transforms, TRANSFORMS.build(pack)):
        samples = [part(sample) for sample in samples]
    return {key: [sample[key] for sample in samples] for key in samples[0]}


def make_layer(images: int, channels: int, outputs: int) -> Callable[[], tuple]:
    """Return a function that runs a linear layer forward and backward."""
    layer = nn.Linear(channels, outputs)
    features = torch.rand(images, channels, requires_grad=True)
    gradient = torch.rand(images, outputs)
    inputs = [features, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(features), inputs, gradient)


def make_part(head: nn.Module, make_batch: Callable[[], dict]) -> Callable[[], None]:
    """Return a function that loads a batch and runs the head forward and backward."""

    def part() -> None:
        samples = make_batch()['data_samples']
        features = torch.rand(len(samples), CHANNELS, requires_grad=True)
        sum(head.loss((features,), samples).values()).backward()

    return part


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=15)
    parser.add_argument('--images', type=int, default=BATCH, help='in a batch')
    parser.add_argument('--side', type=int, default=SIDE, help='of the images')
    args = parser.parse_args()
    conditions = prepare(args)
    compat.import_quietly()
    torch.manual_seed(0)
    images = [results_of(index, args.side) for index in range(args.images)]
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder), images)
        ways, calls = make_ways(Path(folder)), {}
        for name, (head, transforms, size) in ways.items():
            model, batch = make_model(head), partial(load, images, transforms)
            calls[name, 'step'] = make_step(model, batch)
            calls[name, 'part'] = make_part(copy.deepcopy(model.head), batch)
            if size is not None:
                calls[name, 'layers'] = make_layer(len(images), *size)
        times = interleaved(calls, args.rounds, clock=time.process_time)
    least = {call: 1000 * min(values) for call, values in times.items()}
    plain = least[PLAIN, 'step']
    rows = [['way', 'a step', 'its own layers', 'excess', 'excess of loading and head']]
    figures = dict(step_plain_ms=plain)
    for name in ways:
        own = least.get((name, 'layers'), 0.0)
        excess = {
            kind: 100 * (least[name, kind] - least[PLAIN, kind] - own) / plain
            for kind in ('step', 'part')
        }
        shown = [f'{excess["step"]:+.2f} %', f'{excess["part"]:+.2f} %']
        rows.append([name, f'{least[name, "step"]:.1f} ms', f'{own:.2f} ms', *shown])
        if name != PLAIN:
            figures |= {f'excess_percent_{kind}_{name}': v for kind, v in excess.items()}
    report('sub_categories_step', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
