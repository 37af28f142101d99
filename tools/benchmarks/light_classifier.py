# SPDX-License-Identifier: Apache-2.0
"""The classifier whose training steps the benchmarks time, that of ``configs/cam/voc_light.py``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmengine.optim import OptimWrapper

from wsss.models import CAMClassifier

CLASSES, CHANNELS, BATCH, SIDE = 20, 1280, 16, 256


def make_model(head: dict | None = None, mixing: dict | None = None) -> CAMClassifier:
    """Return the classifier.

    Args:
        head: What differs in the head.
        mixing: A batch augment.
    """
    torch.manual_seed(0)
    preprocessor = dict(mean=[123.7, 116.3, 103.5], std=[58.4, 57.1, 57.4], to_onehot=True)
    preprocessor['num_classes'] = CLASSES
    if mixing is not None:
        preprocessor['batch_augments'] = dict(augments=[mixing])
    own_head = dict(
        type='MultiLabelLinearClsHead', num_classes=CLASSES, in_channels=CHANNELS,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
    )  # fmt: skip
    model = CAMClassifier(
        output_stride=16,
        data_preprocessor=preprocessor,
        backbone=dict(
            type='MobileNetV2', frozen_stages=5, norm_eval=True,
            norm_cfg=dict(type='BN', requires_grad=False),
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=own_head | (head or {}),
    )  # fmt: skip
    return model.to(memory_format=torch.channels_last).train()


def make_step(model: CAMClassifier, make_batch: Callable[[], dict]) -> Callable[[], None]:
    """Return a function that makes one training step.

    Args:
        model: What is trained.
        make_batch: Returns ``inputs`` and ``data_samples`` of the step; its time counts.
    """
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-4))

    def step() -> None:
        model.train_step(make_batch(), optimizer)

    return step
