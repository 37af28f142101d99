# SPDX-License-Identifier: Apache-2.0
"""Try a part of a stage: its transforms, model, loop, writers and metrics on generated images."""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine import Config
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, DefaultScope
from mmengine.runner import Runner
from torch import Tensor, nn

from ...datasets.base import WSSSDataset
from ...errors import ConfigError
from ...structures import Views
from ..fingerprint import parts_of
from ..runner import StageRunner
from ..stage import Stage
from .inputs import write_inputs, write_weights
from .measure import Measured, measure, now
from .parts import Part
from .stand_in import StandIn, stand_in

_HOOKS_OFF = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


@dataclass
class Trial:
    """What was measured.

    Args:
        images: In the step.
        batch: Of them at a time.
        step: Of the step, which for a test is the whole loop over the images.
        pipeline_s: Seconds of processor time that the transforms take for an image.
        rounds: How often the loop goes over its images.
        parameters: Of the model.
        sizes: Height and width of what the network sees, from the smallest to the largest.
    """

    images: int
    batch: int
    step: Measured
    pipeline_s: float
    rounds: int
    parameters: int
    sizes: list[tuple[int, int]]


class Batches:
    """A loader whose samples are ready; counts the seconds that the loop spends on them."""

    def __init__(self, dataset: StandIn, samples: list, batch: int, collate: Callable):
        self.dataset, self.samples, self.batch_size = dataset, samples, batch
        self.collate = collate
        self.rounds, self.seconds = 0, 0.0

    def __len__(self) -> int:
        return -(-len(self.samples) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        self.rounds += 1
        for first in range(0, len(self.samples), self.batch_size):
            batch = self.collate(copy.deepcopy(self.samples[first : first + self.batch_size]))
            start = now()
            yield batch
            self.seconds += now() - start


def real_dataset(stage: Stage, part: Part) -> Any:
    """Build the data set of a part without reading it; its transforms are built with it."""
    dataset = {**stage.config[part.key]['dataset'], 'lazy_init': True}
    with DefaultScope.overwrite_default_scope(stage.scope):
        return DATASETS.build(attributes(dataset))


def try_part(
    stage: Stage,
    part: Part,
    batch: int,
    folder: Path,
    shared_hooks: frozenset,
    width: Callable[[Path], int | None],
) -> Trial:
    """Run one training step, or a test loop over one batch.

    Args:
        stage: The stage; all it reads and caches is in temporary folders.
        part: Which of its parts.
        batch: Images to try at a time.
        folder: Temporary folder for what is generated and written.
        shared_hooks: Names of ``default_hooks`` that belong to the run and not to the stage.
        width: As for :func:`write_inputs`.

    Raises:
        ConfigError: If the data set is none of this package.
        Exception: Whatever the components raise.
    """
    real = real_dataset(stage, part)
    inner = [d for d in parts_of(real) if isinstance(d, WSSSDataset)]
    if not inner:
        raise ConfigError(
            f'{part.stage}.{part.key}.dataset is none of this package, so no images can be '
            'generated in its place.'
        )
    # a threshold is chosen on held-out images and reported on others
    images = max(batch, 2) if inner[0].held_out and part.kind != 'train' else batch
    dataset = stand_in(real, folder / 'data', images + 1)
    write_inputs(stage.config, stage.scope, parts_of(dataset)[0], width)
    with DefaultScope.overwrite_default_scope(stage.scope):
        samples, pipeline_s = _samples(dataset, images)
        if part.kind == 'train' and real is inner[0]:
            samples = [samples[index] for index in _first_batch(stage, part, dataset, images)]
    collate = _collate(stage.config[part.key].get('collate_fn'))
    shown = dataset if part.kind == 'train' else dataset.get_subset(range(images))
    batches = Batches(shown, samples, batch, collate)
    runner = _runner(stage, part, batches, folder, shared_hooks)
    try:
        write_weights(stage.config, stage.scope, runner.model)
        sizes = _watch_sizes(runner.model)
        step = _train_step(runner, stage, batches) if part.kind == 'train' else None
        measured = measure(step or (lambda: _loop(runner, part.kind, batches)), runner.model)
    finally:
        runner.close()
    return Trial(
        images=images,
        batch=batch,
        step=measured,
        pipeline_s=pipeline_s,
        rounds=max(batches.rounds, 1),
        parameters=sum(p.numel() for p in runner.model.parameters()),
        sizes=sorted(sizes) or sorted(_sizes(samples)),
    )


def _collate(config: dict | None) -> Callable:
    """Return the function that makes a batch of samples, by default that of all our loaders."""
    options = dict(config or dict(type='pseudo_collate'))
    kind = options.pop('type')
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **options)


def _samples(dataset: StandIn, count: int) -> tuple[list, float]:
    """Return samples of the pipeline, and its seconds for one in a worker of a loader."""
    with _one_thread():
        dataset[count]  # the first one pays for imports; a cache must not know the others
        start = time.process_time()  # of this process alone, whatever else runs on the machine
        samples = [dataset[index] for index in range(count)]
        return samples, (time.process_time() - start) / count


def _first_batch(stage: Stage, part: Part, dataset: StandIn, count: int) -> list[int]:
    """Return which images the sampler of the stage takes first: they may have to fit together."""
    sampler = stage.config[part.key].get('sampler')
    if sampler is None:
        return list(range(count))
    built = DATA_SAMPLERS.build(
        attributes(sampler), default_args=dict(dataset=dataset.get_subset(range(count)), seed=0)
    )
    return list(built)[:count]


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def _runner(
    stage: Stage, part: Part, batches: Batches, folder: Path, shared_hooks: frozenset
) -> StageRunner:
    """Return a Runner with the stage's model, never initialised, and the writers of the stage."""
    config, loop, model = stage.config, {}, stage.config['model']
    if part.kind == 'test' and config.get('tta_model') is not None:
        model = {**config['tta_model'], 'module': model}
    hooks = config.get('default_hooks') or {}
    own = {key: hook for key, hook in hooks.items() if key not in shared_hooks}
    if part.kind != 'train':
        loop = {
            part.key: batches,
            f'{part.kind}_cfg': attributes(config.get(f'{part.kind}_cfg') or {}),
            f'{part.kind}_evaluator': attributes(config.get(f'{part.kind}_evaluator') or []),
        }
    return StageRunner(
        model=attributes(model),
        work_dir=str(folder / 'work'),
        **loop,
        default_hooks={**dict.fromkeys(_HOOKS_OFF), **own},
        custom_hooks=config.get('custom_hooks'),
        data_preprocessor=config.get('data_preprocessor'),
        randomness=dict(seed=0),
        log_level='ERROR',
        default_scope=stage.scope,
        experiment_name=f'{stage.name}-{part.kind}-{time.monotonic_ns()}',
        cfg=dict(channels_last=config.get('channels_last', True)),
    )


def attributes(config: Any) -> Any:
    """Return a copy of a config whose keys are attributes, as components are used to."""
    return Config(dict(cfg=copy.deepcopy(config))).cfg


def _train_step(runner: Runner, stage: Stage, batches: Batches) -> Callable[[], float]:
    """Return a function that makes one training step and returns its seconds."""
    wrapper = runner.build_optim_wrapper(attributes(stage.config['optim_wrapper']))
    batch = next(iter(batches))

    def step() -> float:
        runner.model.train()
        start = now()
        runner.model.train_step(copy.deepcopy(batch), optim_wrapper=wrapper)
        return now() - start

    return step


def _loop(runner: Runner, kind: str, batches: Batches) -> float:
    """Run the loop and return the seconds it spent on the batches."""
    for path in Path(runner.work_dir).iterdir():
        if path != Path(runner.log_dir):
            # a loop does not do again what it finds done
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    batches.rounds, batches.seconds = 0, 0.0
    runner.test() if kind == 'test' else runner.val()
    return batches.seconds


def _watch_sizes(model: nn.Module) -> set[tuple[int, int]]:
    """Return a set that gets the sizes of what the data preprocessors of a model hand on."""
    found: set[tuple[int, int]] = set()

    def look(module, inputs, output) -> None:
        found.update(_sizes(output))

    for module in model.modules():
        if isinstance(module, BaseDataPreprocessor):
            module.register_forward_hook(look)
    return found


def _sizes(value: Any) -> set[tuple[int, int]]:
    """Return the sizes of all pictures in samples or in a part of them."""
    if isinstance(value, dict):
        return _sizes(value.get('inputs'))
    if isinstance(value, (list, tuple, Views)):
        return {size for part in value for size in _sizes(part)}
    return {tuple(value.shape[-2:])} if isinstance(value, Tensor) else set()
