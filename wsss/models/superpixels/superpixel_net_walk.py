# SPDX-License-Identifier: Apache-2.0
"""Maps that walk over superpixels and follow their outlines."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from torch import Tensor

from ...checks import check_flag, check_integer, check_number
from ...errors import ConfigError
from ...ops.association import (
    associate,
    superpixel_pool,
    superpixels_to_pixels,
)
from ...ops.cells import pad_to_cells
from ...refiners.background import Background
from ...registry import MODELS, build
from ...structures import ScoreMaps, WSSSDataSample
from ..map_refining_model import MapRefiningModel
from .check_size import check_size


@MODELS.register_module()
class SuperpixelNetWalk(MapRefiningModel):
    """Lets the maps of any method walk from superpixel to superpixel, then brings them to pixels.

    SP-CAM's post-processing (public code, commit 800c6d5): maps are averaged over superpixels, walk
    ``steps`` steps on what superpixels share (:func:`wsss.ops.association.superpixel_affinity`),
    and each pixel takes from its superpixels. Several scales and mirror images are averaged. The
    network and its weights are those of a stage that trains superpixels:
    ``load_from='@superpixels/weights.pth'``. For regions with hard outlines there is the refiner
    :class:`wsss.refiners.SuperpixelWalk`.

    Args:
        network: A config such as ``dict(type='wsss.SuperpixelFCN')``, with an attribute ``cell``.
        steps: Of the walk, at least 0; 20 to 40 in the public code.
        upsample: Pixels take from superpixels by their shares; False interpolates the cells.
        scales: At which the image is looked at, padded to whole cells.
        flip: Add the mirror image of every scale.
        bg_power: Background score ``(1 - max_k M_k)^bg_power`` of maps that have none of their own;
            None lets the classes walk alone and leaves background to a threshold, as published.
        bg_threshold: A constant background score instead.
        max_batch: Images of one size that the network sees at once.
        data_preprocessor: mmseg's, with the ``mean`` and ``std`` that the network was trained with.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> from wsss.structures import WSSSDataSample
        >>> seen = dict(type='mmseg.SegDataPreProcessor', mean=[104, 110, 115], std=[255] * 3)
        >>> network = dict(type='wsss.SuperpixelFCN')
        >>> walk = SuperpixelNetWalk(network, data_preprocessor=seen).eval()
        >>> maps = ScoreMaps(torch.tensor([1]), torch.rand(1, 10, 12), size=(40, 48))
        >>> images = [torch.zeros(3, 40, 48, dtype=torch.uint8)]
        >>> data = dict(inputs=images, data_samples=[WSSSDataSample(score_maps=maps)])
        >>> walk.test_step(data)[0].score_maps.scores.shape
        torch.Size([1, 40, 48])
    """

    def __init__(
        self,
        network: dict,
        steps: int = 20,
        upsample: bool = True,
        scales: Sequence[float] = (1.0,),
        flip: bool = False,
        bg_power: float | None = None,
        bg_threshold: float | None = None,
        max_batch: int = 4,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(max_batch, data_preprocessor, init_cfg)
        with DefaultScope.overwrite_default_scope('wsss'):
            self.network = build(MODELS, network, 'model.network')
        self.cell = getattr(self.network, 'cell', None)
        if not isinstance(self.cell, int):
            raise ConfigError(
                f'model.network: {type(self.network).__name__} does not say the side of its '
                'superpixels. Use a network with an attribute cell, such as wsss.SuperpixelFCN.'
            )
        if getattr(self.data_preprocessor, 'mean', None) is None:
            raise ConfigError(
                'model.data_preprocessor of SuperpixelNetWalk has no mean and std, and the network '
                'was trained on normalised images. Set those of its training: '
                "data_preprocessor='@superpixel_model.data_preprocessor'."
            )
        self.steps = check_integer(steps, 'SuperpixelNetWalk.steps', 0)
        self.upsample = check_flag(upsample, 'SuperpixelNetWalk.upsample')
        self.flip = check_flag(flip, 'SuperpixelNetWalk.flip')
        self.scales = [
            check_number(scale, f'SuperpixelNetWalk.scales[{i}]', 0, above=True)
            for i, scale in enumerate(scales)
        ]
        if not self.scales:
            raise ConfigError(
                'SuperpixelNetWalk.scales must be at least one number, such as (1.0,).'
            )
        self.background = Background('SuperpixelNetWalk', bg_power, bg_threshold)

    def predict(
        self, inputs: list[Tensor], data_samples: list[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Replace ``score_maps`` of every sample; arguments and errors as in the base.

        Raises:
            DataError: Also if an image is smaller than one superpixel.
        """
        for image, sample in zip(inputs, data_samples):
            check_size(image.shape[1:], self.cell, sample)
        return super().predict(inputs, data_samples)

    def refine(self, images: Tensor, maps: list[ScoreMaps]) -> list[ScoreMaps]:
        """Return the maps after the walk, the largest score of each class 1.

        With a background, scores and background sum to 1 instead.
        """
        full = [self.background.at_full_size(own) for own in maps]
        planes = [own.planes() for own in full]
        most = max(map(len, planes))
        padded = images.new_zeros(len(full), most, *images.shape[2:])
        for row, own in zip(padded, planes):
            row[: len(own)] = own
        total = torch.zeros_like(padded)
        for scale in self.scales:
            total += self._view(images, padded, scale)
            if self.flip:
                total += self._view(images.flip(3), padded.flip(3), scale).flip(3)
        found = []
        for own, given, row in zip(full, planes, total):
            row = row[: len(given)]
            largest = row.amax((1, 2), keepdim=True) if own.background is None else row.sum(0)
            found.append(own.with_planes(row / largest.clamp(min=1e-12)))
        return found

    def _view(self, images: Tensor, planes: Tensor, scale: float) -> Tensor:
        """Return the planes ``(N, K, H, W)`` after the walk at one scale."""
        size = images.shape[2:]
        if scale != 1:
            sides = [max(round(scale * side), 1) for side in size]
            images, planes = (_resized(x, sides) for x in (images, planes))
        near = images.shape[2:]
        valid = pad_to_cells(torch.ones_like(images[:, :1]), self.cell)
        q = associate(self.network(pad_to_cells(images, self.cell)), self.cell) * valid
        cells = superpixel_pool(pad_to_cells(planes, self.cell), q, self.cell)
        found = superpixels_to_pixels(cells, q, self.cell, self.steps, self.upsample)
        found = found[..., : near[0], : near[1]]
        return found if scale == 1 else _resized(found, size)


def _resized(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size), mode='bilinear', align_corners=False)
