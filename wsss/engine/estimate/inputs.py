# SPDX-License-Identifier: Apache-2.0
"""Generated files in place of those that earlier stages write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from ...datasets.reads_files import ReadsFiles
from ...fileio import write_bytes, write_json
from ...registry import TRANSFORMS, build
from ...structures import FeatureStore, ScoreMaps, ScoreStore, SubCategories
from .. import checkpoint
from ..files_read import find_readers
from ..reads_weights import ReadsWeights
from .stand_in import StandIn

_SCORE_STRIDE = 8
_CHANNELS = 2048  # of features that no stage of the pipeline makes
_SUBS = 4
_THRESHOLD = dict(value=0.3, protocol='generated', chosen_on='nothing', num_images=0)


def write_inputs(
    config: dict,
    scope: str,
    dataset: StandIn,
    width: Callable[[Path], int | None] = lambda folder: None,
) -> None:
    """Write what the components of a stage read beside images and masks.

    Score files, label maps, features, sub-categories and the threshold of an earlier stage are made
    for the images of ``dataset``; for anything else the component complains itself.

    Args:
        config: The stage, moved to a temporary folder by :func:`move_places`.
        scope: Where names without a prefix are looked up.
        dataset: The images.
        width: Says how many numbers the features in a folder have, None where it is not known.
    """
    for key, arguments, cls in find_readers(config, '', scope):
        arguments = {k: v for k, v in arguments.items() if k != '_scope_'}
        reader: ReadsFiles = build(TRANSFORMS, {**arguments, 'type': cls}, key)
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            for path in map(Path, reader.files(info['image_id'])):
                if path.suffix == '.npz':
                    ScoreStore(path.parent).write(path.stem, _scores(info, dataset))
                elif path.suffix == '.png':
                    write_bytes(path, dataset.label_map(info['image_id']).read_bytes())
                elif path.suffix == '.npy':
                    features = torch.randn(width(path.parent) or _CHANNELS)
                    FeatureStore(path.parent).write(path.stem, features)
                elif path.name == 'threshold.json':
                    write_json(path, _THRESHOLD)
                elif path.name == 'sub_categories.json' and index == 0:
                    _sub_categories(dataset).write(path)


def write_weights(config: dict, scope: str, model: nn.Module) -> None:
    """Write the weights that the components of a stage read: those of ``model``, untrained.

    Args:
        config: The stage, moved to a temporary folder by :func:`move_places`.
        scope: Where names without a prefix are looked up.
        model: That of the stage.
    """
    weights = checkpoint.inner_model(model).state_dict()
    for _, arguments, cls in find_readers(config, '', scope, ReadsWeights):
        for path, meta in cls.weights_files(arguments).items():
            content = weights if meta is None else dict(meta=meta, state_dict=weights)
            checkpoint.save(content, path)


def _scores(info: dict, dataset: StandIn) -> ScoreMaps:
    """Return maps that an earlier stage could have made: the objects, blurred and uneven."""
    mask = cv2.imread(str(dataset.label_map(info['image_id'])), cv2.IMREAD_GRAYSCALE)
    grid = [-(-side // _SCORE_STRIDE) for side in mask.shape]
    noise = np.random.default_rng(0).uniform(0.6, 1, grid).astype(np.float32)
    maps = []
    for class_id in info['gt_label']:
        inside = (mask == dataset.metainfo['class_to_label'][class_id]).astype(np.float32)
        small = cv2.resize(inside, grid[::-1], interpolation=cv2.INTER_AREA)
        maps.append(cv2.GaussianBlur(small, (0, 0), 2) * noise)
    scores = torch.from_numpy(np.stack(maps)).clamp(0, 1)
    return ScoreMaps(torch.tensor(info['gt_label']), scores, mask.shape)


def _sub_categories(dataset: StandIn) -> SubCategories:
    """Return a table of the images, with shares."""
    rows = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = dataset.metainfo['image_classes']
    return SubCategories(
        dataset=rows[0]['dataset'],
        split=rows[0]['split'],
        classes=tuple(names),
        counts=(_SUBS,) * len(names),
        images={row['image_id']: dict.fromkeys(row['gt_label'], 0) for row in rows},
        soft={row['image_id']: dict.fromkeys(row['gt_label'], [0.25] * _SUBS) for row in rows},
    )


def move_places(config: Any, scope: str, folder: Path) -> None:
    """Let a stage read and cache below ``folder`` only, in place.

    Args:
        config: The stage with its references resolved.
        scope: Where names without a prefix are looked up.
        folder: Temporary folder of the trial.
    """
    for base in (ReadsFiles, ReadsWeights):
        for _, arguments, cls in find_readers(config, '', scope, base):
            for name in cls.located_by:
                if arguments.get(name) is not None:
                    arguments[name] = _moved(arguments[name], folder)
    for part in _dicts(config):
        if part.get('cache_dir') is not None:
            part['cache_dir'] = str(folder / 'cache')


def _moved(place: Any, folder: Path) -> Any:
    if isinstance(place, (list, tuple)):
        return [_moved(item, folder) for item in place]
    whole = Path(os.path.abspath(place))
    return str(folder / 'files' / whole.relative_to(whole.anchor))


def place_before(place: Path, folder: Path) -> Path:
    """Return where a place was before :func:`move_places` has moved it below ``folder``."""
    return Path(os.sep) / place.relative_to(folder / 'files')


def _dicts(value: Any) -> list[dict]:
    """Return all dicts in a config."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, (list, tuple)):
        return []
    inner = [found for part in parts for found in _dicts(part)]
    return [value, *inner] if isinstance(value, dict) else inner
