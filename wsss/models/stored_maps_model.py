# SPDX-License-Identifier: Apache-2.0
"""The model of a stage whose work is done by its loader."""

from __future__ import annotations

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ..errors import ConfigError
from ..registry import MODELS
from ..structures import WSSSDataSample


@MODELS.register_module()
class StoredMapsModel(BaseModel):
    """Hands on the score maps that the loader read, and refined. It has no parameters.

    Example:
        >>> maps = ScoreMaps(torch.tensor([1]), torch.rand(1, 2, 2), size=(4, 4))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> StoredMapsModel().test_step({'data_samples': [sample]})[0].score_maps.keys.tolist()
        [1]
    """

    def forward(
        self,
        inputs: Tensor | None = None,
        data_samples: list[WSSSDataSample] | None = None,
        mode: str = 'predict',
    ) -> list[WSSSDataSample]:
        """Return the samples as they are.

        Raises:
            ConfigError: For another mode than ``predict``.
        """
        if mode != 'predict':
            raise ConfigError(
                f"StoredMapsModel has nothing to train (mode {mode!r}): give its stage run='test'."
            )
        return data_samples or []

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Return the samples of a batch; they stay on the CPU, from where they are written."""
        return self(**data, mode='predict')

    val_step = test_step
