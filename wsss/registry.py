# SPDX-License-Identifier: Apache-2.0
"""All registries of the package. Types of ours carry the prefix ``wsss.`` in configs."""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry
from mmpretrain.registry import BATCH_AUGMENTS as MMPRETRAIN_BATCH_AUGMENTS

from .errors import ConfigError, WSSSError, near_matches

# networks, heads, losses and the models of the per-image stages
MODELS = Registry('model', parent=MMENGINE_MODELS, scope='wsss', locations=['wsss.models'])
# data sets: images with image-level labels, masks where there are any
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='wsss', locations=['wsss.datasets'])
# which images make a batch
DATA_SAMPLERS = Registry(
    'data sampler',
    parent=MMENGINE_DATA_SAMPLERS,
    scope='wsss',
    locations=['wsss.datasets.samplers'],
)
# what mixes the images of a training batch and their labels
BATCH_AUGMENTS = Registry(
    'batch augment',
    parent=MMPRETRAIN_BATCH_AUGMENTS,
    scope='wsss',
    locations=['wsss.augment'],
)
# what happens to one image in a loader worker
TRANSFORMS = Registry(
    'transform',
    parent=MMENGINE_TRANSFORMS,
    scope='wsss',
    locations=['wsss.datasets.transforms'],
)
# figures of a stage
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='wsss', locations=['wsss.evaluation'])
# what happens around a loop: checkpoints, writers, progress, contact sheets
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='wsss', locations=['wsss.engine.hooks'])
# loops that are not one pass over a loader
LOOPS = Registry('loop', parent=MMENGINE_LOOPS, scope='wsss', locations=['wsss.engine.loops'])
# how a model is wrapped for several processes
MODEL_WRAPPERS = Registry(
    'model_wrapper',
    parent=MMENGINE_MODEL_WRAPPERS,
    scope='wsss',
    locations=['wsss.engine.model_wrappers'],
)
# functions named in configs (worker seeds, collation)
FUNCTIONS = Registry(
    'function', parent=MMENGINE_FUNCTIONS, scope='wsss', locations=['wsss.engine.functions']
)

# image labels of a folder of pictures: class folders, tables, annotation files, masks
LABEL_SOURCES = Registry('label_source', scope='wsss', locations=['wsss.datasets.label_sources'])
# class activation maps: (classifier, images, present classes) -> ScoreMaps
CAMS = Registry('cam', scope='wsss', locations=['wsss.cams'])
# score maps from other weak labels: annotation of one image -> ScoreMaps
SEEDS = Registry('seed', scope='wsss', locations=['wsss.seeds'])
# (image, ScoreMaps) -> ScoreMaps that follow the image
REFINERS = Registry('refiner', scope='wsss', locations=['wsss.refiners'])
# image -> region ids
SUPERPIXELS = Registry('superpixels', scope='wsss', locations=['wsss.superpixels'])
# features of images of a class -> groups of alike ones
CLUSTERERS = Registry('clusterer', scope='wsss', locations=['wsss.clusterers'])
# background decision: where the threshold of a pseudo-labeler comes from
THRESHOLDS = Registry('threshold', scope='wsss', locations=['wsss.pseudo_labels.thresholds'])
# ScoreMaps -> label map
PSEUDO_LABELERS = Registry(
    'pseudo_labeler', scope='wsss', locations=['wsss.pseudo_labels.labelers']
)


def find_class(registry: Registry, name: Any, where: str) -> type:
    """Return the class registered as ``name``, with or without the prefix ``wsss.``.

    Args:
        registry: One of the registries of this module.
        name: The ``type`` of a config dict: a name or a class.
        where: The config key it came from, for the message.

    Raises:
        ConfigError: If there is no such name; the message lists all names and the nearest.
    """
    if inspect.isclass(name) or inspect.isfunction(name):
        return name
    registry.import_from_location()
    found = registry.get(name) if isinstance(name, str) else None
    if found is None:
        allowed = sorted(registry.module_dict)
        short = str(name).removeprefix('wsss.')
        raise ConfigError(
            f'{where}: {name!r} is not a registered {registry.name}.{near_matches(short, allowed)} '
            f'Allowed: {", ".join(allowed)}. A class of your own must be imported first: add its '
            "module to custom_imports = dict(imports=['your.module'])."
        )
    return found


def check_arguments(cls: Any, arguments: dict, where: str) -> None:
    """Refuse keywords that the constructor of ``cls`` does not take.

    Constructors with ``**kwargs`` accept anything here and speak for themselves when called.

    Raises:
        ConfigError: Naming the key, the nearest and all allowed keys.
    """
    target = cls.__init__ if inspect.isclass(cls) else cls
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    allowed = [name for name in parameters if name != 'self']
    for key in arguments:
        if key not in allowed:
            raise ConfigError(
                f'{where}.{key}: {cls.__name__} has no argument {key!r}.'
                f'{near_matches(key, allowed)} Allowed: {", ".join(sorted(allowed)) or "none"}.'
            )


def build(registry: Registry, cfg: dict | Any, where: str, **defaults: Any) -> Any:
    """Build a component of ``registry`` with errors that name the config key.

    Args:
        registry: One of the registries of this module.
        cfg: A dict with ``type`` and the arguments, or an instance, which is returned as it is.
        where: The config key it came from, such as ``cams.model.cam``.
        **defaults: Arguments used unless ``cfg`` sets them.

    Raises:
        ConfigError: For a missing or unknown ``type``, an unknown argument or a refused value.
    """
    if not isinstance(cfg, dict):
        return cfg
    if 'type' not in cfg:
        raise ConfigError(f"{where} must be a dict with the key 'type', got {dict(cfg)!r}.")
    arguments = {**defaults, **{k: v for k, v in cfg.items() if k != 'type'}}
    cls = find_class(registry, cfg['type'], f'{where}.type')
    check_arguments(cls, arguments, where)
    try:
        return cls(**arguments)
    except WSSSError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(f'{where}: {cls.__name__} refused its arguments: {error}') from error
