# SPDX-License-Identifier: Apache-2.0
"""The base of models that work on stored maps and have nothing to train."""

from __future__ import annotations

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ..errors import ConfigError
from ..structures import WSSSDataSample


class PerImageModel(BaseModel):
    """Works on the samples of a batch: override :meth:`predict`. It has no parameters."""

    def predict(self, data_samples: list[WSSSDataSample]) -> list[WSSSDataSample]:
        """Return the samples with what the stage adds to them; here as they are."""
        return data_samples

    def forward(
        self,
        inputs: Tensor | None = None,
        data_samples: list[WSSSDataSample] | None = None,
        mode: str = 'predict',
    ) -> list[WSSSDataSample]:
        """Return the samples with what the stage adds to them.

        Args:
            inputs: Not used; there are no images in such a stage.
            data_samples: With ``score_maps``.
            mode: Only ``predict``.

        Raises:
            ConfigError: For another mode.
        """
        if mode != 'predict':
            raise ConfigError(
                f'{type(self).__name__} has nothing to train (mode {mode!r}): give its stage '
                "run='test'."
            )
        return self.predict(data_samples or [])

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Work on a batch ``{'data_samples': [...]}``."""
        return self(**self.data_preprocessor(data, False), mode='predict')

    val_step = test_step
