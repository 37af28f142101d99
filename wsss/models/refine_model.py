# SPDX-License-Identifier: Apache-2.0
"""The model of a stage that refines on its device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ConfigError
from ..refiners import BaseRefiner, RefinerChain
from ..registry import MODELS
from ..structures import WSSSDataSample
from .per_image_model import PerImageModel


@MODELS.register_module()
class RefineModel(PerImageModel):
    """Sends score maps through refiners in the main process, on the device of the stage.

    What ``wsss.Refine`` does in the workers of the loader: PAMR, PAR and the dense CRF work on the
    device, other refiners on the CPU. Its pipeline ends with
    ``wsss.PackScores(with_image=True)``.

    Args:
        refiners: Configs of refiners, or one.

    Raises:
        ConfigError: If there is none, or one cannot be built.

    Example:
        >>> maps = ScoreMaps(torch.tensor([1]), torch.rand(1, 2, 2), size=(8, 6))
        >>> batch = {
        ...     'inputs': [torch.zeros(3, 8, 6, dtype=torch.uint8)],
        ...     'data_samples': [WSSSDataSample(score_maps=maps, metainfo=dict(image_id='a'))],
        ... }
        >>> RefineModel(dict(type='PAMR')).test_step(batch)[0].score_maps.scores.shape
        torch.Size([1, 8, 6])
    """

    def __init__(self, refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner]):
        super().__init__()
        self.chain = RefinerChain(refiners, 'model.refiners')

    def forward(
        self,
        inputs: Sequence[Tensor] | None = None,
        data_samples: list[WSSSDataSample] | None = None,
        mode: str = 'predict',
    ) -> list[WSSSDataSample]:
        """Replace ``score_maps`` of the samples by refined ones.

        Args:
            inputs: For each image uint8 ``(3, H, W)`` RGB.
            data_samples: With ``score_maps``.
            mode: Only ``predict``.

        Raises:
            ConfigError: For another mode, or without images or maps.
            DataError: If a refiner refuses the maps; the message names the image.
        """
        samples = super().forward(inputs, data_samples, mode)
        if inputs is None or any('score_maps' not in sample for sample in samples):
            raise ConfigError(
                'RefineModel needs images and their maps: put wsss.LoadScores, wsss.LoadImage and '
                'wsss.PackScores(with_image=True) into the pipeline.'
            )
        chain = self.chain.to(self.data_preprocessor.device)
        for image, sample in zip(inputs, samples):
            sample.score_maps = chain.refine_tensor(
                image, sample.score_maps, sample.get('image_id')
            )
        return samples

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Refine a batch; refiners take the maps to the device, images stay on the CPU."""
        return self(**data, mode='predict')

    val_step = test_step
