# SPDX-License-Identifier: Apache-2.0
"""What a stage does to how many images: training, validation and test."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from mmengine.registry import DATA_SAMPLERS, LOOPS, Registry

from ...datasets.shapes import Shapes
from ...errors import ConfigError, WSSSError
from ..config_check import find_class
from ..fingerprint import parts_of
from ..stage import Stage

OFFICIAL_SIZES = {
    ('OxfordPet', 'trainval'): 3680,
    ('OxfordPet', 'test'): 3669,
    ('VOC12', 'train'): 1464,
    ('VOC12', 'train_aug'): 10582,
    ('VOC12', 'val'): 1449,
    ('VOC12', 'test'): 1456,
    ('COCO14', 'train'): 82081,
    ('COCO14', 'val'): 40137,
}
"""Images with at least one class in the official splits."""


@dataclass
class Part:
    """A loader of a stage and what runs over it.

    Args:
        stage: Name of the stage.
        kind: ``train``, ``val`` or ``test``.
        key: Key of the loader in the config of the stage.
        batch: Images in a batch, all GPUs together.
        workers: Processes of the loader for each GPU.
        validations: How often a training is validated, for ``val``, and for a ``test`` that does
            the same.
    """

    stage: str
    kind: str
    key: str
    batch: int
    workers: int
    validations: int = 0

    @property
    def name(self) -> str:
        """How tables call it."""
        with_val = 'val + ' if self.kind == 'test' and self.validations else ''
        return f'{self.stage}: {with_val}{self.kind}'


def parts_of_stage(stage: Stage) -> list[Part]:
    """Return the parts of a stage; a validation that does what the test does is counted there."""
    config = stage.config
    validations = _validations(config) if stage.trains and config.get('val_dataloader') else 0
    same = config.get('tta_model') is None and all(
        config.get(f'val_{key}') == config.get(f'test_{key}') for key in ('dataloader', 'cfg')
    )
    parts = [_part(stage, 'train')] if stage.trains else []
    if validations and not (stage.tests and same):
        parts.append(_part(stage, 'val', validations))
    if stage.tests:
        parts.append(_part(stage, 'test', validations if same else 0))
    return parts


def _part(stage: Stage, kind: str, validations: int = 0) -> Part:
    key = f'{kind}_dataloader'
    loader = stage.config[key]
    workers = loader.get('num_workers', 2)
    return Part(stage.name, kind, key, loader.get('batch_size', 1), workers, validations)


def _validations(config: dict) -> int:
    """Return how often a training by epochs is validated: at the interval, and at its end."""
    loop = config['train_cfg']
    if loop.get('max_epochs') is None:
        return loop.get('max_iters', 0) // loop.get('val_interval', 1000)
    last, first = loop['max_epochs'], loop.get('val_begin', 1)
    interval = loop.get('val_interval', 1)
    return sum(epoch % interval == 0 or epoch == last for epoch in range(max(first, 1), last + 1))


def passes(part: Part, config: dict, images: int) -> tuple[float, int]:
    """Return how often a part sees every image, and in how many steps.

    Raises:
        ConfigError: For a training loop that says neither ``max_epochs`` nor ``max_iters``.
    """
    if part.kind != 'train':
        times = part.validations + (part.kind == 'test')
        return times, times * math.ceil(images / part.batch)
    loop = config['train_cfg']
    if loop.get('max_epochs') is not None:
        drop_last = config[part.key].get('drop_last')
        steps = images // part.batch if drop_last else math.ceil(images / part.batch)
        return loop['max_epochs'], loop['max_epochs'] * steps
    if loop.get('max_iters') is None:
        raise ConfigError(
            f'{part.stage}.train_cfg ({loop.get("type")}) says neither max_epochs nor max_iters, '
            'so how much it does is not known.'
        )
    return loop['max_iters'] * part.batch / images, loop['max_iters']


def count_drawn(
    part: Part, config: dict, scope: str, dataset: Any, given: int | None = None
) -> tuple[int, str]:
    """Return how many images a part goes through in one pass and how that is known.

    These are the images of the data set, but for samplers that draw more, such as pictures of
    background beside them, and loops that look at held-out images alone.

    Args:
        part: The part.
        config: Its stage.
        scope: Where names without a prefix are looked up.
        dataset: As for :func:`count_images`.
        given: Likewise.
    """
    main, *others = parts_of(dataset)
    images, known_by = count_images(main, given)
    sampler = dict(config[part.key].get('sampler') or {})
    sampler_class = _find(DATA_SAMPLERS, sampler.pop('type', None), scope)
    if hasattr(sampler_class, 'draws'):
        return sampler_class.draws(images, **sampler), known_by
    loop = (config.get(f'{part.kind}_cfg') or {}).get('type')
    if getattr(_find(LOOPS, loop, scope), 'held_out_only', False) and main.held_out:
        images = round(images * main.held_out)
    return images + sum(count_images(other, given)[0] for other in others), known_by


def _find(registry: Registry, kind: Any, scope: str) -> Any:
    return find_class(registry, kind, scope) if isinstance(kind, str) else kind


def count_images(dataset: Any, given: int | None = None) -> tuple[int, str]:
    """Return how many images a data set has and how that is known.

    Args:
        dataset: Built with ``lazy_init=True``; it is read if its folder is there.
        given: What the user says; it counts where the data set cannot be read.

    Raises:
        ConfigError: If it is not known.
    """
    name, split = type(dataset).__name__, getattr(dataset, 'split', None)
    if isinstance(dataset, Shapes):
        return dataset.num_images, 'the config'  # would be generated now
    if os.path.isdir(getattr(dataset, 'data_root', None) or ''):
        try:
            dataset.full_init()
            return len(dataset), 'the data set'
        except WSSSError:
            pass  # a folder that is not the data set says nothing
    if given is not None:
        return given, '--images'
    if (name, split) in OFFICIAL_SIZES:
        return OFFICIAL_SIZES[name, split], 'the official split'
    raise ConfigError(
        f'how many images the split {split!r} of {name} has is not known: the data set is not '
        'here. Give data_root=DIR by --cfg-options, or --images N.'
    )
