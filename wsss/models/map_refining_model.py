# SPDX-License-Identifier: Apache-2.0
"""The base of networks that refine score maps by looking at the image."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ..checks import check_integer
from ..errors import ConfigError, DataError
from ..structures import ScoreMaps, WSSSDataSample
from .normalizes_images import NormalizesImages


class MapRefiningModel(NormalizesImages, BaseModel):
    """Replaces the score maps of images, those of one size together: override :meth:`refine`.

    Testing takes what ``wsss.PackScores(with_image=True)`` packs. A model that is trained overrides
    :meth:`loss`.

    Args:
        max_batch: Images of one size that the network sees at once at test.
        data_preprocessor: mmseg's, with ``mean`` and ``std``.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a value is not usable.
    """

    def __init__(
        self,
        max_batch: int = 8,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.max_batch = check_integer(max_batch, f'{type(self).__name__}.max_batch', 1)

    @abstractmethod
    def refine(self, images: Tensor, maps: list[ScoreMaps]) -> list[ScoreMaps]:
        """Return maps of the same images and classes, at the size of the images.

        Args:
            images: float ``(N, 3, H, W)``, normalised, as they are: of any size.
            maps: Of each image, of any number of classes, on the device of the images.
        """

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of a training.

        Raises:
            ConfigError: Here: there is nothing to train.
        """
        raise ConfigError(
            f"{type(self).__name__} has nothing to train: give its stage run='test', and the "
            'weights of an earlier stage.'
        )

    def forward(
        self,
        inputs: Tensor | list[Tensor],
        data_samples: list | None = None,
        mode: str = 'predict',
    ) -> dict[str, Tensor] | list[WSSSDataSample]:
        """Return losses (``mode='loss'``) or samples with refined maps (``'predict'``).

        Raises:
            ConfigError: For another mode.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ConfigError(f"{type(self).__name__}: mode must be 'loss' or 'predict', got {mode!r}.")

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Refine the maps of a batch; images may be of different sizes."""
        return self.predict(data['inputs'], data['data_samples'])

    val_step = test_step

    def predict(
        self, inputs: list[Tensor], data_samples: list[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Replace ``score_maps`` of every sample by refined maps at the size of the image.

        Args:
            inputs: For each image uint8 ``(3, H, W)`` RGB.
            data_samples: With ``score_maps``.

        Raises:
            DataError: If maps are not finite, or not of their image.
        """
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, (image, sample) in enumerate(zip(inputs, data_samples)):
            _check(image, sample)
            groups[tuple(image.shape)].append(index)
        for members in groups.values():
            for start in range(0, len(members), self.max_batch):
                part = members[start : start + self.max_batch]
                images = self.normalize(torch.stack([inputs[index] for index in part]))
                maps = [data_samples[index].score_maps.to(images.device) for index in part]
                for index, own in zip(part, self.refine(images, maps)):
                    data_samples[index].score_maps = own
        return list(data_samples)


def _check(image: Tensor, sample: WSSSDataSample) -> None:
    maps, name = sample.score_maps, sample.get('image_id')
    if tuple(image.shape[1:]) != maps.size:
        raise DataError(
            f'image {name!r}: its maps are of {maps.size[0]} x {maps.size[1]} pixels, it has '
            f'{image.shape[1]} x {image.shape[2]}. Make the maps again.'
        )
    for values in (maps.scores, maps.background):
        if values is not None and not bool(torch.isfinite(values).all()):
            raise DataError(f'image {name!r}: its score maps hold NaN or infinity.')
