# SPDX-License-Identifier: Apache-2.0
"""Find misspelt names before anything runs.

mmengine takes what it knows out of a config and passes over the rest in silence, and an unknown
``type`` is only found when the component is built, hours into a run. Here every name of every
stage is checked first.
"""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import (
    DATA_SAMPLERS,
    DATASETS,
    EVALUATOR,
    FUNCTIONS,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODEL_WRAPPERS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    TASK_UTILS,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
    WEIGHT_INITIALIZERS,
    DefaultScope,
    Registry,
)
from mmpretrain.registry import BATCH_AUGMENTS

from ..errors import ConfigError, near_matches
from ..registry import (
    CAMS,
    CLUSTERERS,
    LABEL_SOURCES,
    PSEUDO_LABELERS,
    REFINERS,
    SEEDS,
    SUPERPIXELS,
    THRESHOLDS,
)

RUNTIME_KEYS = frozenset(
    'auto_scale_lr channels_last custom_hooks custom_imports data_preprocessor default_hooks '
    'default_scope env_cfg launcher log_level log_processor model_wrapper_cfg randomness '
    'visualizer'.split()
)
"""Keys that all stages share unless a stage sets its own."""

STAGE_KEYS = RUNTIME_KEYS | frozenset(
    '_ref_ run model load_from train_dataloader train_cfg val_dataloader val_cfg val_evaluator '
    'test_dataloader test_cfg test_evaluator optim_wrapper param_scheduler tta_model'.split()
)
"""Keys that a stage may have: those of a Runner, ``run``, ``tta_model`` and ``_ref_``."""

TOP_KEYS = frozenset('pipeline data data_root pretrained keep_freed_memory verify_files'.split())
"""Keys of the top level that are no stage's."""

_FOREIGN = (
    MODELS, DATASETS, TRANSFORMS, METRICS, HOOKS, LOOPS, OPTIMIZERS, OPTIM_WRAPPERS,
    OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS, DATA_SAMPLERS, FUNCTIONS, EVALUATOR, VISUALIZERS,
    VISBACKENDS, MODEL_WRAPPERS, WEIGHT_INITIALIZERS, LOG_PROCESSORS, TASK_UTILS,
    BATCH_AUGMENTS,
)  # fmt: skip
_OWN = (
    CAMS, CLUSTERERS, LABEL_SOURCES, SEEDS, REFINERS, SUPERPIXELS, THRESHOLDS, PSEUDO_LABELERS,
)  # fmt: skip


def check_keys(config: dict, pipeline: list[str], where: str) -> None:
    """Check the top level of a config and the keys of its stages.

    Raises:
        ConfigError: For a pipeline that names no stage, a stage without ``run``, or a key that is
            unknown in a stage or close to a known one at the top level.
    """
    stages = [key for key, value in config.items() if isinstance(value, dict) and 'run' in value]
    if not pipeline:
        raise ConfigError(f'{where}: pipeline is empty. Stages there are: {", ".join(stages)}.')
    if len(set(pipeline)) != len(pipeline):
        raise ConfigError(f'{where}: pipeline names a stage twice: {pipeline}.')
    for name in pipeline:
        if name in ('data', 'pipeline') or not isinstance(config.get(name), dict):
            raise ConfigError(
                f'{where}: pipeline names the stage {name!r}, but there is no dict {name} = '
                f'dict(run=...).{near_matches(name, stages)} Stages there are: {", ".join(stages)}.'
            )
        stage = config[name]
        if stage.get('run') not in ('train', 'test'):
            raise ConfigError(
                f"{where}: {name}.run must be 'train' or 'test', got {stage.get('run')!r}."
            )
        for key in stage:
            if key not in STAGE_KEYS:
                raise ConfigError(
                    f'{where}: {name}.{key} is not a key of a stage.{near_matches(key, STAGE_KEYS)}'
                    f' Allowed: {", ".join(sorted(STAGE_KEYS))}.'
                )
    known = RUNTIME_KEYS | TOP_KEYS | {*pipeline, *stages}
    known |= _referenced(config)
    for key, value in config.items():
        if key in known or key.startswith('_'):
            continue
        close = near_matches(key, known)
        # helper variables are common in configs; only a name that looks like a slip is refused
        if close and isinstance(value, dict):
            raise ConfigError(
                f'{where}: the top-level key {key!r} is not used by anything.{close} If it is '
                'meant as a variable, start its name with an underscore.'
            )


def _referenced(value: Any) -> set[str]:
    """Return the first parts of all references in a config."""
    if isinstance(value, str) and value.startswith('@'):
        return {value[1:].split('/')[0].split('.')[0]}
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(parts, (str, bytes)) or not hasattr(parts, '__iter__'):
        return set()
    return {name for part in parts for name in _referenced(part)}


def check_overrides(config: dict, overrides: dict | None, pipeline: list[str]) -> None:
    """Refuse ``--cfg-options`` whose first part names nothing in the config."""
    known = {*config, *RUNTIME_KEYS, *TOP_KEYS, *pipeline}
    for key in overrides or {}:
        first = key.split('.')[0]
        if first not in known:
            raise ConfigError(
                f'--cfg-options {key}: there is no {first!r} in the config.'
                f'{near_matches(first, known)} Allowed: {", ".join(sorted(known))}.'
            )


def check_types(stage: dict, where: str, scope: str) -> None:
    """Check every ``type`` in a stage, and the keywords given to it.

    Args:
        stage: The resolved config of the stage.
        where: Its name, for messages.
        scope: Its default scope.

    Raises:
        ConfigError: Naming the config key, the nearest and the allowed names.
    """
    stage = dict(stage)
    loop = stage.get('train_cfg')
    if isinstance(loop, dict) and 'type' not in loop:
        kind = 'EpochBasedTrainLoop' if loop.get('by_epoch', True) else 'IterBasedTrainLoop'
        stage['train_cfg'] = {'type': kind, **{k: v for k, v in loop.items() if k != 'by_epoch'}}
    with DefaultScope.overwrite_default_scope(scope):
        _walk(stage, where, scope)


def _walk(value: Any, where: str, scope: str) -> None:
    if isinstance(value, dict):
        if isinstance(value.get('type'), str):
            scope = value.get('_scope_', scope)
            _check_type(value, where, scope)
        for key, part in value.items():
            _walk(part, f'{where}.{key}', scope)
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            _walk(part, f'{where}[{i}]', scope)


# keys that mmengine takes out before it calls a constructor
_CONSUMED = ('type', '_scope_', 'convert_to_iter_based')
_CONSUMED_OF_KEY = {'optim_wrapper': ('constructor', 'paramwise_cfg')}
_LAYERS = ('norm_cfg', 'act_cfg', 'conv_cfg', 'upsample_cfg', 'padding_cfg', 'plugin', 'plugins')


def _check_type(cfg: dict, where: str, scope: str) -> None:
    name = cfg['type']
    last = where.rsplit('.', 1)[-1].split('[')[0]
    if last in _LAYERS or last.endswith('_cfg') and not where.endswith(('train_cfg', 'test_cfg')):
        if last not in ('val_cfg', 'init_cfg', 'model_wrapper_cfg'):
            return  # layer names (BN, ReLU, ...) with arguments of their own
    found = find_classes(name, scope)
    if not found:
        names = sorted({n for registry in _FOREIGN + _OWN for n in _names(registry, scope)})
        raise ConfigError(
            f'{where}.type: {name!r} is not registered (default scope {scope!r}).'
            f'{near_matches(name, names)} Names of ours carry the prefix wsss.; a class of your '
            "own needs custom_imports = dict(imports=['your.module'])."
        )
    consumed = _CONSUMED + _CONSUMED_OF_KEY.get(last, ())
    arguments = [key for key in cfg if key not in consumed]
    accepted = [_accepts(cls) for cls in found]
    if any(names is None for names in accepted):
        return
    best = min(accepted, key=lambda names: sum(key not in names for key in arguments))
    for key in arguments:
        if key not in best:
            raise ConfigError(
                f'{where}.{key}: {name} has no argument {key!r}.{near_matches(key, best)} '
                f'Allowed: {", ".join(sorted(best))}.'
            )


def find_classes(name: str, scope: str) -> list:
    """Return the classes of all registries that ``name`` may mean in a config."""
    found = (find_class(registry, name, scope) for registry in _FOREIGN + _OWN)
    return [cls for cls in found if cls]


def find_class(registry: Registry, name: str, scope: str) -> Any:
    """Return the class that ``name`` means in a config of this default scope, or None."""
    if registry in _OWN:
        registry.import_from_location()
        return registry.module_dict.get(name.removeprefix('wsss.'))
    if name.startswith('wsss.'):
        child = registry.children.get('wsss')
        if child is None:
            return None
        child.import_from_location()
        return child.module_dict.get(name.removeprefix('wsss.'))
    key = name if '.' in name else f'{scope}.{name}'
    try:
        return registry.get(key) or registry.get(name)
    except (ImportError, KeyError):
        return None


def _names(registry: Registry, scope: str) -> list[str]:
    names = list(registry.module_dict)
    for child in (scope, 'wsss'):
        if child in registry.children:
            prefix = 'wsss.' if child == 'wsss' else ''
            names += [prefix + name for name in registry.children[child].module_dict]
    return names


def _accepts(cls: Any) -> set[str] | None:
    """Return the keywords of a constructor and its bases, or None if it takes anything."""
    names: set[str] = set()
    for base in inspect.getmro(cls) if inspect.isclass(cls) else (cls,):
        target = base.__dict__.get('__init__') if inspect.isclass(base) else base
        if target is None:
            continue
        try:
            parameters = inspect.signature(target).parameters.values()
        except (TypeError, ValueError):
            return None
        kinds = {p.kind for p in parameters}
        names |= {p.name for p in parameters if p.name != 'self'}
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            return names - {'args', 'kwargs'}
    return None
