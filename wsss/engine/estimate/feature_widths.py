# SPDX-License-Identifier: Apache-2.0
"""How many numbers the features have that the stages of a config write."""

from __future__ import annotations

from pathlib import Path

import torch
from mmengine.registry import MODELS, DefaultScope

from ...structures import WSSSDataSample
from ..hooks.feature_writer import FOLDER
from ..run_state import RunState
from ..stage import Stage
from .trial import attributes

SIDE = 224


class FeatureWidths:
    """Length of the features in a folder, found by one image when it is asked for.

    Args:
        state: Knows the stages and their folders.
    """

    def __init__(self, state: RunState):
        self._stages = {state.folder(name) / FOLDER: name for name in state.stages}
        self._state = state
        self._known: dict[str, int] = {}

    def __call__(self, folder: Path) -> int | None:
        """Return the length for a folder that a stage writes, None for any other."""
        name = self._stages.get(folder)
        if name is not None and name not in self._known:
            self._known[name] = feature_width(self._state.stage(name))
        return self._known.get(name)


def feature_width(stage: Stage) -> int:
    """Return the length of the features of a stage whose model is a ``FeatureClassifier``."""
    with DefaultScope.overwrite_default_scope(stage.scope):
        model = MODELS.build(attributes(stage.config['model'])).eval()
    image = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)
    data = dict(inputs=[[image]], data_samples=[WSSSDataSample()])
    return len(model.test_step(data)[0].features)
