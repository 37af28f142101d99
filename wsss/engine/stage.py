# SPDX-License-Identifier: Apache-2.0
"""One stage: from its part of the config to a Runner, a run and a record."""

from __future__ import annotations

import copy
import gc
import time
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.dist import barrier, get_world_size, is_main_process
from mmengine.registry import DATASETS, HOOKS, LOOPS, METRICS, MODELS, DefaultScope
from mmengine.runner import set_random_seed

from ..datasets.base import WSSSDataset
from ..datasets.verify import require_usable
from ..errors import ConfigError
from ..fileio import read_json, write_json
from . import checkpoint
from .annotation_sources import sources_of
from .config_check import RUNTIME_KEYS, check_types, find_class
from .fingerprint import LOADERS, build_bare, datasets_of, may_read_masks, parts_of
from .hooks import MaskWriter
from .model_wrappers import unwrapped
from .notes import read_notes
from .padding_check import check_padding
from .references import References, merge
from .runner import StageRunner

WEIGHTS = 'weights.pth'
TRAINED = 'trained.json'
_TRAIN_KEYS = (
    'train_dataloader train_cfg val_dataloader val_cfg val_evaluator optim_wrapper param_scheduler '
    'auto_scale_lr'.split()
)
_TEST_KEYS = ('test_dataloader', 'test_cfg', 'test_evaluator')
_OURS = ('run', 'tta_model', 'custom_imports')


class Stage:
    """A stage of a pipeline, ready to be checked, built and run.

    Args:
        config: The whole config as plain dicts.
        name: The stage.
        references: Resolver that knows the folders of the earlier stages.
        folder: Where the stage writes.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
    """

    def __init__(
        self,
        config: dict,
        name: str,
        references: References,
        folder: Path,
        launcher: str = 'none',
    ):
        self.name = name
        self.folder = Path(folder)
        self.launcher = launcher
        shared = {key: config[key] for key in RUNTIME_KEYS if key in config}
        shared = references.resolve(shared, 'runtime', name)
        own = references.resolve(config[name], name, name)
        self.config = merge(shared, own)
        self.scope = self.config.get('default_scope') or 'mmengine'
        self.trains = own['run'] == 'train'
        self.tests = self.config.get('test_dataloader') is not None
        self.index: dict = {}

    def check(self) -> None:
        """Check names and keywords of all components without building anything."""
        check_types(self.config, self.name, self.scope)
        needed = ['model', *(_TRAIN_KEYS[:2] if self.trains else _TEST_KEYS[:1])]
        for key in needed:
            if self.config.get(key) is None:
                raise ConfigError(f'{self.name}.{key} is missing: run={self.config["run"]!r}.')
        check_padding(self.config, self.name, self.scope)

    def build_components(self) -> None:
        """Build model, data sets, metrics and hooks once, without weights and without data."""
        with DefaultScope.overwrite_default_scope(self.scope):
            self._build(MODELS, self.config['model'], 'model')
            if self.config.get('tta_model') is not None:
                wrapped = {**self.config['tta_model'], 'module': self.config['model']}
                self._build(MODELS, wrapped, 'tta_model')
            for key in LOADERS:
                if self.config.get(key):
                    dataset = {**self.config[key]['dataset'], 'lazy_init': True}
                    self._build(DATASETS, dataset, f'{key}.dataset')
            for key in ('val_evaluator', 'test_evaluator'):
                for metric in _as_list(self.config.get(key)):
                    self._build(METRICS, metric, key)
            hooks = {f'default_hooks.{k}': v for k, v in self._hooks('default_hooks')}
            hooks |= {f'custom_hooks[{k}]': v for k, v in self._hooks('custom_hooks')}
            for key, hook in hooks.items():
                if isinstance(hook, dict):
                    self._build(HOOKS, hook, key)

    def _hooks(self, key: str) -> list[tuple[str | int, Any]]:
        """Return name or number, and config, of all ``default_hooks`` or ``custom_hooks``."""
        hooks = self.config.get(key) or ()
        return list(hooks.items() if isinstance(hooks, dict) else enumerate(hooks))

    def results(self) -> tuple[str, ...]:
        """Return the files that the stage hands on as a whole: weights, and what its loop says."""
        kind = (self.config.get('test_cfg') or {}).get('type')
        loop = find_class(LOOPS, kind, self.scope) if isinstance(kind, str) else None
        return ((WEIGHTS,) if self.trains else ()) + tuple(getattr(loop, 'results', ()))

    def written(self) -> list[str]:
        """Return what the stage writes for every image it tests, ``{}`` in place of the id."""
        cfg = self.config.get('test_cfg') or {}
        found = [cfg['written']] if cfg.get('written') else []
        for _, hook in self._hooks('default_hooks') + self._hooks('custom_hooks'):
            kind = hook.get('type') if isinstance(hook, dict) else None
            if isinstance(kind, str) and find_class(HOOKS, kind, self.scope) is MaskWriter:
                found.append(f'{hook.get("folder", "masks")}/{{}}.png')
        return found

    def verify_files(self) -> None:
        """Decode the images and masks of all data sets, those not looked at before.

        Raises:
            DataError: Naming the files that cannot be used.
        """
        seen: list[tuple] = []
        for key, dataset in datasets_of(self.config).items():
            masks = may_read_masks(dataset.get('pipeline', ()), self.scope)
            same = ({k: v for k, v in dataset.items() if k != 'pipeline'}, masks)
            if same in seen:
                continue
            seen.append(same)
            for part in parts_of(build_bare(dataset, self.scope)):
                if isinstance(part, WSSSDataset):
                    require_usable(part, f'stage {self.name}, {key}', masks)

    def _build(self, registry: Any, cfg: dict, key: str) -> Any:
        try:
            return registry.build(Config(dict(cfg=copy.deepcopy(cfg))).cfg)
        except (ConfigError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise ConfigError(
                f'{self.name}.{key} ({cfg.get("type")}) cannot be built: {error}'
            ) from error

    def train(self) -> dict:
        """Train, continuing from the last checkpoint if there is one, and write ``weights.pth``.

        A training that has written it already is not repeated.

        Returns:
            What the components noted for the record.
        """
        if (self.folder / WEIGHTS).is_file():
            notes = self.folder / TRAINED
            return read_json(notes, 'notes of the training') if notes.is_file() else {}
        config = {k: v for k, v in self.config.items() if k not in (*_TEST_KEYS, *_OURS)}
        last, done = checkpoint.find_last(self.folder), 0
        if last is not None:
            config.update(load_from=str(last), resume=True)
            done = checkpoint.load(last)['meta']['iter']
        runner = self._runner(config, 'train')
        try:
            if last is None:
                checkpoint.check_pretrained(runner.model)
            runner.train()
            if done >= runner.max_iters and runner.val_loop is not None:
                runner.val_loop.run()  # an earlier start was killed between the last epoch and this
            model = unwrapped(runner.model)
            notes = {**sources_of(runner.train_dataloader.dataset), **read_notes()}
            if is_main_process():
                weights = {key: value.detach().cpu() for key, value in model.state_dict().items()}
                write_json(self.folder / TRAINED, notes)
                checkpoint.save(weights, self.folder / WEIGHTS)
        finally:
            runner.close()
        self._leave(runner.seed)
        return notes

    def test(
        self, weights: str | None = None, folder: str | Path | None = None
    ) -> tuple[dict, dict]:
        """Run the test loop.

        Args:
            weights: File to load, by default the stage's own ``weights.pth`` after training, or
                its ``load_from``.
            folder: Where to write, by default the folder of the stage.

        Returns:
            Metrics, and what the components noted for the record.
        """
        config = {k: v for k, v in self.config.items() if k not in (*_TRAIN_KEYS, *_OURS)}
        if self.trains or weights is not None:
            config['load_from'] = weights or str(self.folder / WEIGHTS)
        if self.config.get('tta_model') is not None:
            config['model'] = {**self.config['tta_model'], 'module': config['model']}
        config['model_wrapper_cfg'] = dict(type='wsss.TestWrapper')
        config.setdefault('test_cfg', dict())
        config.setdefault('test_evaluator', [])
        runner = self._runner(config, 'test', folder)
        try:
            if not config.get('load_from'):
                checkpoint.load_pretrained(unwrapped(runner.model))
            metrics = runner.test()
            # a loop that continues iterates a part of the data set only
            dataset = getattr(runner.test_loop, 'full_dataset', runner.test_dataloader.dataset)
            self.index = _index(dataset)
            notes = {'split': self.index['split'], **sources_of(dataset), **read_notes()}
        finally:
            runner.close()
        self._leave(runner.seed)
        return {key: _number(value) for key, value in (metrics or {}).items()}, notes

    def _runner(self, config: dict, what: str, folder: str | Path | None = None) -> StageRunner:
        config = copy.deepcopy(config)
        world = get_world_size()
        for key in LOADERS:
            if config.get(key):
                config[key] = self._loader(config[key], key, world)
        if config.get('val_dataloader') is not None:
            config.setdefault('val_cfg', dict())
        config.update(
            work_dir=str(folder or self.folder),
            launcher=self.launcher,
            # Runners made within the same second share loggers unless their names differ
            experiment_name=f'{self.name}-{what}-{time.monotonic_ns()}',
        )
        if what == 'train' and self.launcher != 'none' and not torch.accelerator.is_available():
            wrapper = dict(type='MMDistributedDataParallel', broadcast_buffers=False)
            wrapper.update(config.get('model_wrapper_cfg') or {})
            config['model_wrapper_cfg'] = {**wrapper, 'device_ids': None}
        try:
            return StageRunner.from_cfg(Config(config))
        except (TypeError, KeyError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f'{self.name} cannot be built: {error}') from error

    def _loader(self, loader: dict, key: str, world: int) -> dict:
        """Fill in what every loader of ours has; a batch size in a config is the total."""
        train = key == 'train_dataloader'
        loader = dict(loader)
        total = loader.get('batch_size', 1)
        if train and total % world:
            raise ConfigError(
                f'{self.name}.{key}.batch_size: {total} images (all processes together) cannot be '
                f'shared by {world} processes. Choose a multiple of {world}.'
            )
        loader['batch_size'] = max(1, -(-total // world))
        sampler = dict(type='DefaultSampler', shuffle=train)
        # no padding at test: every image is seen once, whatever the number of processes
        loader.setdefault('sampler', sampler if train else {**sampler, 'round_up': False})
        loader.setdefault('collate_fn', dict(type='pseudo_collate'))
        loader.setdefault('worker_init_fn', dict(type='wsss.seed_worker'))
        loader.setdefault('num_workers', 2)
        return loader

    def _leave(self, seed: int) -> None:
        """Leave the process as a fresh one would be, so that a stage does not feel the others."""
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = False
        set_random_seed(seed)
        barrier()


def _index(dataset: Any) -> dict:
    """Return what the files of a stage are of: split, number of images, names of the classes."""
    meta = getattr(dataset, 'metainfo', None) or {}
    names = {key: list(meta[key]) for key in ('image_classes', 'classes') if meta.get(key)}
    return dict(split=getattr(dataset, 'split', None), images=len(dataset), **names)


def _as_list(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _number(value: Any) -> Any:
    """Return a JSON-able number; NumPy scalars and tensors become Python's."""
    return value.item() if hasattr(value, 'item') else value
