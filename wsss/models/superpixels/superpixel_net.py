# SPDX-License-Identifier: Apache-2.0
"""A network of superpixels that is trained, and parts images."""

from __future__ import annotations

from collections import defaultdict

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from torch import Tensor

from ...checks import check_choice
from ...errors import ConfigError
from ...ops.association import associate, superpixel_regions
from ...ops.cells import pad_to_cells
from ...registry import MODELS, build
from ...structures import WSSSDataSample
from ..losses import SuperpixelAffinityLoss
from ..normalizes_images import NormalizesImages
from .attributes import ATTRIBUTES, class_maps
from .check_size import check_size


@MODELS.register_module()
class SuperpixelNet(NormalizesImages, BaseModel):
    """Superpixels that keep an attribute, and for SP-CAM the affinities of class maps.

    ``L = L_reconstruction + L_affinity``, see :class:`wsss.models.SuperpixelReconstructionLoss` and
    :class:`wsss.models.SuperpixelAffinityLoss`. Padding counts in neither. Training takes what
    ``wsss.PackRegions`` packs. At test images of any size get ``pred_regions``, the superpixel
    that each pixel belongs to most.

    Args:
        network: Config of a network with ``cell`` that gives logits ``(N, 9, H, W)``.
        attribute: What superpixels keep: ``onehot``: labels of ``gt_sem_seg``, such as human
            segmentations (SpixelFCN); ``saliency``: above 0.2 or not (SP-CAM); ``cam``: class maps
            and background; ``rgb`` and ``lab``: colours, which need no labels.
        reconstruction: Config of the first loss.
        affinity: Config of the second, which needs class maps; None leaves it out.
        data_preprocessor: mmseg's, with ``mean``, ``std`` and the ``size`` of crops.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a part cannot be built, or ``attribute`` is unknown.

    Example:
        >>> model = SuperpixelNet(network=dict(type='wsss.SuperpixelFCN'), attribute='lab').eval()
        >>> batch = dict(
        ...     inputs=[torch.zeros(3, 20, 30, dtype=torch.uint8)], data_samples=[WSSSDataSample()])
        >>> model.test_step(batch)[0].pred_regions.data.shape
        torch.Size([1, 20, 30])
    """

    def __init__(
        self,
        network: dict,
        attribute: str = 'saliency',
        reconstruction: dict | None = None,
        affinity: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.network = build(MODELS, network, 'model.network')
        self.attribute = check_choice(attribute, 'SuperpixelNet.attribute', sorted(ATTRIBUTES))
        reconstruction = reconstruction or dict(type='SuperpixelReconstructionLoss')
        self.reconstruction = build(MODELS, reconstruction, 'model.reconstruction')
        self.affinity: SuperpixelAffinityLoss | None = None
        if affinity is not None:
            self.affinity = build(MODELS, affinity, 'model.affinity')

    @property
    def cell(self) -> int:
        """Side of a superpixel in pixels."""
        return self.network.cell

    @property
    def map_losses(self) -> list[SuperpixelAffinityLoss]:
        """The losses whose weights :class:`wsss.engine.hooks.RampLossWeight` sets."""
        return [] if self.affinity is None else [self.affinity]

    def forward(
        self,
        inputs: Tensor | list[Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[WSSSDataSample] | Tensor:
        """Return losses (``'loss'``), samples with regions (``'predict'``), or an association.

        Raises:
            ConfigError: For another mode.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.associate(inputs)
        raise ConfigError(
            f"SuperpixelNet: mode must be 'loss', 'predict' or 'tensor', got {mode!r}."
        )

    def associate(self, images: Tensor) -> Tensor:
        """Return the association float ``(N, 9, H', W')`` of normalised images.

        Args:
            images: float ``(N, 3, H, W)``; they are padded to whole cells.
        """
        cell = self.network.cell
        return associate(self.network(pad_to_cells(images, cell)), cell)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of the losses.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised, padded to one size.
            data_samples: With ``img_shape``, the size before padding, and the fields that the
                attribute and the affinities are made of.

        Raises:
            DataError: If an image is smaller than one superpixel.
        """
        cell, images = self.network.cell, pad_to_cells(inputs, self.network.cell)
        q = self.associate(images)
        valid = images.new_zeros(len(images), 1, *images.shape[2:])
        for own, sample in zip(valid, data_samples):
            check_size(sample.img_shape, cell, sample)
            own[:, : sample.img_shape[0], : sample.img_shape[1]] = 1
        make = ATTRIBUTES[self.attribute]
        values, shares, known = make(self.denormalize(images), data_samples, valid)
        losses = self.reconstruction(values, q, cell, shares, known, valid)
        if self.affinity is not None and self.affinity.ramp > 0:
            maps = class_maps(data_samples, images.shape[2:])
            losses |= self.affinity(maps, q, cell, valid)
        return losses

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Part the images of a batch, which may be of different sizes."""
        return self.predict(data['inputs'], data['data_samples'])

    val_step = test_step

    def predict(
        self, inputs: list[Tensor], data_samples: list[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Give every sample ``pred_regions``, int32 ``(1, H, W)``.

        Args:
            inputs: For each image uint8 ``(3, H, W)`` RGB.
            data_samples: One for each.

        Raises:
            DataError: If an image is smaller than one superpixel.
        """
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, image in enumerate(inputs):
            check_size(image.shape[1:], self.cell, data_samples[index])
            groups[tuple(image.shape)].append(index)
        for (_, height, width), members in groups.items():
            images = self.normalize(torch.stack([inputs[index] for index in members]))
            regions = superpixel_regions(self.associate(images), self.network.cell).int()
            for index, own in zip(members, regions[:, None, :height, :width]):
                data_samples[index].pred_regions = PixelData(data=own)
        return list(data_samples)
