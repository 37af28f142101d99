# SPDX-License-Identifier: Apache-2.0
"""Stages to run without a download: generated images, weights that respond to them, files."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from torch import nn

from wsss.engine import checkpoint
from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.registry import DATASETS, MODELS
from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
PETS_LIGHT = ROOT / 'configs/cam/pets_light.py'

SHAPES = """
_shapes = dict(
    _delete_=True, type='wsss.Shapes', data_root='@data_root', image_size={size}, max_objects=1,
)
data = dict(
    num_classes=5,
    num_labels=6,
    train=dict(num_images={images}, held_out=0.1, **_shapes),
    val=dict(num_images=1, **_shapes),
    test=dict(num_images=1, **_shapes),
)
classifier_model = dict(backbone=dict(init_cfg=None))
"""
"""Data and network of a config that inherits a light one of the pets, without any files."""


def stage_config(file: Path, name: str) -> dict[str, Any]:
    """Return the resolved config of a stage of a config file."""
    config = load_config(str(file), None).to_dict()
    return Pipeline(config, str(file), file.parent).stage(name).config


def build(registry: Any, config: dict) -> Any:
    """Build a part of a classifier's stage."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return registry.build(config)


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Keep what a stage says off the console, so that ``--json`` prints its one line alone."""
    logging.disable(logging.INFO)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            yield said
    finally:
        logging.disable(logging.NOTSET)


def write_weights(file: Path, target: Path, images: int = 16) -> None:
    """Write weights to start from for the classifier of a config file.

    Random weights behind a frozen batch norm that has seen nothing give activations that vanish:
    no gradient, blank maps. So the norms that hold no statistics yet take those of some images.

    Args:
        file: The config; makes its generated images, if it has any.
        target: Where to write.
        images: How many images the statistics are of.
    """
    config = stage_config(file, 'classifier')
    dataset = build(DATASETS, config['train_dataloader']['dataset'])
    torch.manual_seed(0)
    model = build(MODELS, config['model'])
    with quiet():
        model.init_weights()
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.running_mean.any():
            module.train()
            module.momentum = None
    inputs = [dataset[i]['inputs'] for i in range(min(images, len(dataset)))]
    batch = model.data_preprocessor(dict(inputs=inputs))['inputs']
    with torch.no_grad():
        model.backbone(batch)
    checkpoint.save(model.state_dict(), target)


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a tool that is to run with so many threads."""
    count = str(threads)
    own = dict(OMP_NUM_THREADS=count, MKL_NUM_THREADS=count, PYTHON=sys.executable)
    return {**os.environ, **own}


def file_differences(one: Path, other: Path) -> dict[str, float]:
    """Compare the score files and masks that two runs have in common.

    Returns:
        Largest difference of two scores, share of the pixels with different labels, and share of
        the files that are not the same bytes.
    """
    scores = labels = pixels = unlike = 0
    stores = [ScoreStore(run / 'cams/scores') for run in (one, other)]
    names = sorted(path.stem for path in stores[1].folder.iterdir())
    for name in names:
        a, b = (store.read(name).scores for store in stores)
        scores = max(scores, float((a - b).abs().max()))
        paths = [run / f'pseudo_labels/masks/{name}.png' for run in (one, other)]
        a, b = (np.asarray(Image.open(path)) for path in paths)
        labels, pixels = labels + int((a != b).sum()), pixels + a.size
        files = [paths, [store.path(name) for store in stores]]
        unlike += sum(a.read_bytes() != b.read_bytes() for a, b in files)
    return dict(
        max_abs_diff_scores=scores,
        share_of_pixels_that_differ=labels / pixels,
        share_of_files_that_differ=unlike / (2 * len(names)),
    )
