# SPDX-License-Identifier: Apache-2.0
"""The model of a stage whose work is done by its loader."""

from __future__ import annotations

from ..registry import MODELS
from ..structures import WSSSDataSample
from .per_image_model import PerImageModel


@MODELS.register_module()
class StoredMapsModel(PerImageModel):
    """Hands on the score maps or labels that the loader read, refined or combined.

    Example:
        >>> maps = ScoreMaps(torch.tensor([1]), torch.rand(1, 2, 2), size=(4, 4))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> StoredMapsModel().test_step({'data_samples': [sample]})[0].score_maps.keys.tolist()
        [1]
    """

    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Return the samples of a batch; they stay on the CPU, from where they are written."""
        return self(**data, mode='predict')

    val_step = test_step
