# SPDX-License-Identifier: Apache-2.0
"""A classifier whose maps are of superpixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.models import ClsHead, GlobalAveragePooling, MultiLabelClsHead
from torch import Tensor, nn

from ...cams import LayerMaps
from ...checks import check_choice
from ...errors import ConfigError
from ...ops.association import EPS, superpixel_pool, superpixel_sizes
from ...ops.cells import pad_to_cells
from ...ops.redistribute import neighbour_shares, send_shares, take_shares
from ...registry import MODELS, build
from ...structures import WSSSDataSample
from ..classifiers.cam_classifier import CAMClassifier
from ..classifiers.training_checks import check_background
from ..classifiers.training_maps import soft_labels
from .check_size import check_size
from .to_pixels import ToPixels

OPERATORS = {'source': send_shares, 'target': take_shares}


@MODELS.register_module()
class SPCAMClassifier(CAMClassifier):
    """SP-CAM: logits of a regular grid, brought to superpixels by kernels that the image gives.

    The network of superpixels, which is not trained here, says what each pixel belongs to; from
    that and from the features a :class:`KernelHead` makes, for each cell, a kernel for the
    background and one for the classes, by which the cell hands its logits on to the superpixels
    around it. Losses are of the logits of superpixels; saliency is averaged over superpixels, too
    (public code of SP-CAM, commit 800c6d5; the paper could not be found).

    Without saliency nothing teaches a map of the background: with a head that has none, all logits
    move by one kernel (``kernels.groups=1``), maps are their positive part, and
    :class:`ReconstructionLoss` may give them borders, whose features are the mean colours of
    superpixels, of length 1 (as in MSA, the project's successor).

    Images are padded to whole cells. With kernels that are normalised where values come from, no
    value is lost, so the logits of images are those of the regular grid.

    Args:
        *args: As in :class:`CAMClassifier`; the stride of the backbone's last map must be the side
            of a superpixel, the neck averages and no more, and the head is a :class:`EPSHead`, or,
            without saliency, one with a linear layer ``fc`` and no terms of its own.
        superpixels: Config of a :class:`SuperpixelNet`, normally with
            ``init_cfg=dict(type='Pretrained', checkpoint='@superpixels/weights.pth')``. It sees
            images with its own mean and deviation.
        kernels: Config of a :class:`KernelHead`.
        normalized: ``source``: kernels are shares of what a cell sends, as in the release;
            ``target``: of what a superpixel takes, as in its later form.
        to_pixels: Arguments of :class:`ToPixels`, such as ``dict(steps=20, upsample=True)``: what
            is done to the maps at test. Maps are taken from this layer, by
            ``cam=dict(type='wsss.LayerMaps', layer='to_pixels', first=1)``; ``first=0`` without a
            map of the background.
        **kwargs: As in :class:`CAMClassifier`.

    Raises:
        ConfigError: If an argument is not usable.
    """

    gives_features = True

    def __init__(
        self,
        *args: Any,
        superpixels: dict,
        kernels: dict,
        normalized: str = 'source',
        to_pixels: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        with DefaultScope.overwrite_default_scope('wsss'):
            self.superpixels = build(MODELS, superpixels, 'model.superpixels')
            self.kernels = build(MODELS, kernels, 'model.kernels')
        self.superpixels.requires_grad_(False)
        self.with_background = hasattr(self.head, 'maps')
        if not isinstance(getattr(self.head, 'fc', None), nn.Linear):
            raise ConfigError(
                'model.head: SPCAMClassifier needs a head with a linear layer fc on averaged '
                f'features, which {type(self.head).__name__} has not. Use wsss.EPSHead, or '
                'MultiLabelLinearClsHead where there is no saliency.'
            )
        self._check_parts()
        if self.kernels.groups != 1 + self.with_background:
            raise ConfigError(
                f'model.kernels.groups is {self.kernels.groups}, and the head '
                f'{type(self.head).__name__} has {"a" if self.with_background else "no"} map of '
                f'the background: groups must be {1 + self.with_background}.'
            )
        if self.kernels.cell != self.superpixels.cell:
            raise ConfigError(
                f'model.kernels.cell is {self.kernels.cell}, the superpixels of model.superpixels '
                f'have sides of {self.superpixels.cell} pixels. They must be equal.'
            )
        if isinstance(self.cam, LayerMaps) and self.cam.first != int(self.with_background):
            raise ConfigError(
                f'model.cam.first is {self.cam.first}, and the head {type(self.head).__name__} has '
                f'{"a" if self.with_background else "no"} map of the background before those of '
                f'the classes: first must be {int(self.with_background)}.'
            )
        if self.cam is not None and self.cam.norm == 'shares' and not self.with_background:
            raise ConfigError(
                f"model.cam.norm='shares' needs a background that was learnt, and the head "
                f"{type(self.head).__name__} has no map of it. Use wsss.EPSHead, or norm='max'."
            )
        self.normalized = check_choice(normalized, 'model.normalized', sorted(OPERATORS))
        self.to_pixels = ToPixels(**(to_pixels or {}))

    def _check_parts(self) -> None:
        """Refuse a neck and a head whose work would be left out: maps are made before both."""
        neck = self.neck if self.with_neck else None
        if neck is not None and not isinstance(neck, GlobalAveragePooling):
            raise ConfigError(
                f'model.neck: SPCAMClassifier averages the maps of superpixels itself, and '
                f'{type(neck).__name__} does more. Use GlobalAveragePooling.'
            )
        if getattr(neck, 'dropout', 0):
            raise ConfigError(
                'model.neck: SPCAMClassifier makes maps of all features, and '
                f'{type(neck).__name__} leaves out a share of {neck.dropout:g} of them. Use '
                'GlobalAveragePooling.'
            )
        if type(self.head).loss not in (ClsHead.loss, MultiLabelClsHead.loss):
            raise ConfigError(
                f'model.head: the loss of {type(self.head).__name__} has terms of its own, which '
                'SPCAMClassifier, whose logits are those of superpixels, leaves out. Use '
                'wsss.EPSHead, or MultiLabelLinearClsHead where there is no saliency.'
            )

    @property
    def cell(self) -> int:
        """Side of a superpixel in pixels."""
        return self.superpixels.cell

    def train(self, mode: bool = True) -> SPCAMClassifier:
        """Set the mode; the superpixels stay as they are."""
        super().train(mode)
        self.superpixels.eval()
        return self

    @torch.no_grad()
    def associate(self, images: Tensor) -> Tensor:
        """Return the association of normalised images, float ``(N, 9, H', W')``, 0 on padding.

        Args:
            images: float ``(N, 3, H, W)``.
        """
        colours = self.superpixels.normalize(self.denormalize(images))
        return self.superpixels.associate(colours) * pad_to_cells(
            torch.ones_like(images[:, :1]), self.cell
        )

    def superpixel_maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of superpixels, and what they are made of.

        Args:
            images: float ``(N, 3, H, W)``, normalised.

        Returns:
            float ``(N, K + 1, h, w)``, background first, or ``(N, K, h, w)``, and the association.

        Raises:
            ConfigError: If the backbone's stride is not the side of a superpixel.
        """
        q = self.associate(images)
        features = self.extract_feat(pad_to_cells(images, self.cell), stage='backbone')[-1]
        kernels, move = self.kernels(features, q), OPERATORS[self.normalized]
        if self.with_background:
            maps = self.head.maps(features)
            parts = [maps[:, :1], maps[:, 1:]]
        else:
            # a bias belongs to the image: moved, it would count the cells that a superpixel takes
            parts = [F.conv2d(features, self.head.fc.weight[:, :, None, None])]
        moved = [move(part, neighbour_shares(own)) for part, own in zip(parts, kernels.unbind(1))]
        return torch.cat(moved, 1), q

    def _logits(self, maps: Tensor) -> Tensor:
        """Return the logits ``(N, K)`` of images."""
        logits = maps[:, int(self.with_background) :].mean((2, 3))
        return logits if self.head.fc.bias is None else logits + self.head.fc.bias

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of the head and those of ``map_losses``, of superpixels.

        Args:
            inputs: As in :class:`CAMClassifier`.
            data_samples: With ``gt_label`` or ``gt_score``.

        Raises:
            ConfigError: If there are no ``map_losses``, or a map of the background that no term
                teaches.
            DataError: If an image is smaller than one superpixel.
        """
        self._check_sizes(data_samples)
        if not self.map_losses:
            raise ConfigError(
                'model.map_losses is empty. The logits of an image do not depend on how they move '
                'to superpixels, so SPCAMClassifier needs a term on maps: wsss.EPSLoss, or '
                'wsss.ReconstructionLoss without saliency.'
            )
        check_background(self.map_losses, self.head)
        maps, q = self.superpixel_maps(inputs[:, :3])
        logits = self._logits(maps)
        target = soft_labels(data_samples, logits.shape[1], logits)
        losses = self.head._get_loss(logits, data_samples)
        valid, saliency = self._on_superpixels(inputs[:, 3:], q)
        features = None
        if any(term.needs_features for term in self.map_losses):
            features = self._colours(inputs, q)
        return losses | self.losses_of_maps(maps, target, valid, saliency, features)

    def _colours(self, inputs: Tensor, q: Tensor) -> Tensor:
        """Return the mean colours of superpixels, without padding, of length 1."""
        inputs = pad_to_cells(inputs, self.cell)
        shares = q * (inputs[:, 3:4] > 0) if inputs.shape[1] > 3 else q
        return F.normalize(superpixel_pool(inputs[:, :3], shares, self.cell))

    def explain(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Set ``score_maps`` of every sample; arguments and errors as in the base.

        Raises:
            DataError: Also if an image is smaller than one superpixel.
        """
        self._check_sizes(samples)
        return super().explain(views, samples)

    def _check_sizes(self, samples: Sequence[Any]) -> None:
        for sample in samples:
            if 'ori_shape' in sample:
                check_size(sample.ori_shape, self.cell, sample)

    def _on_superpixels(self, channels: Tensor, q: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return how much of each superpixel is image, and its mean saliency, where they are known.

        Args:
            channels: float ``(N, 0..2, H, W)`` in [0, 1]: validity, saliency.
            q: Association.
        """
        if not channels.shape[1]:
            return None, None
        channels = pad_to_cells(channels, self.cell)
        seen = q * channels[:, :1]
        whole = superpixel_sizes(q, self.cell).clamp(min=EPS)
        valid = superpixel_sizes(seen, self.cell) / whole
        if channels.shape[1] == 1:
            return valid, None
        saliency = superpixel_pool(channels[:, 1:], q, self.cell) / valid.clamp(min=EPS)
        return valid, saliency.clamp(max=1)

    def forward(
        self, inputs: Tensor, data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Return logits (``'tensor'``), losses or predictions, see mmpretrain."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        maps, q = self.superpixel_maps(inputs)
        shown = maps.softmax(1) if self.with_background else maps.relu()
        self.to_pixels(shown, q, self.cell, tuple(inputs.shape[2:]))  # watched
        return self._logits(maps)

    def predict(self, inputs: Tensor, data_samples: list | None = None) -> list:
        """Return samples with the classes that the superpixels show."""
        maps, _ = self.superpixel_maps(inputs)
        return self.head._get_predictions(self._logits(maps), data_samples)
