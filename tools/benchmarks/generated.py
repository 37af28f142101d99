# SPDX-License-Identifier: Apache-2.0
"""Generated images and a network that responds to them: stages to time without a download."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import DefaultScope
from torch import nn

from wsss.engine import checkpoint
from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.registry import DATASETS, MODELS

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
