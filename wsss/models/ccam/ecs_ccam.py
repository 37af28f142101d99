# SPDX-License-Identifier: Apache-2.0
"""C2AM that also learns from class maps completed by erasing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import DefaultScope
from torch import Tensor

from ...checks import check_number, check_unit
from ...errors import ConfigError
from ...ops.erase import erase, gaussian_blur, join_maps
from ...ops.modes import evaluating
from ...ops.normalize import normalize_maps
from ...registry import MODELS
from .ccam import CCAM


@MODELS.register_module()
class ECSCCAM(CCAM):
    """:class:`CCAM` with a classifier on the same backbone, whose maps supervise the foreground.

    The idea of ECS-Net (Sun et al., "ECS-Net: Improving Weakly Supervised Semantic Segmentation by
    Using Connections Between Class Activation Maps", ICCV 2021; its losses are not public) in the
    form of a `public project
    <https://github.com/JiakangC/Ensembled-Weakly-Supervised-Segmentation>`_: for each class ``c``
    of an image the region ``M_c > delta`` is erased and ``M'_c`` is the map of what is left. The
    target is ``T = max_c max(M_c, M'_c)``, without gradient, and the loss

    ``L = L_C2AM + L_classifier + weight * mean_p (P(p) - T(p))^2``

    where, unlike there, cells with ``T`` between ``theta_bg`` and ``theta_fg`` are left out,
    classes come from the label, and the blur is wide enough to erase. As the targets know which
    side is the object, no :class:`wsss.engine.hooks.PolarityHook` is needed.

    Args:
        cls_head: mmpretrain's head on the mean of the last level, with a linear layer ``fc``:
            ``LinearClsHead`` or, for images of several classes, ``MultiLabelLinearClsHead``. It
            should come from a trained classifier: ``init_cfg=dict(type='Pretrained',
            checkpoint='@classifier/weights.pth', prefix='head.')``.
        delta: A region is erased where its map, in [0, 1], is above this, in [0, 1).
        sigma_px: Of the Gaussian that erases, for images of 224 pixels; others in proportion.
        theta_bg: Targets below are background, in [0, 1].
        theta_fg: Targets above are foreground, in [0, 1]; equal to ``theta_bg``: all cells count.
        weight: Of the loss.
        **kwargs: Of :class:`CCAM`, without groups.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> model = ECSCCAM(
        ...     backbone=dict(type='ResNet', depth=18, out_indices=(2, 3)), in_channels=(256, 512),
        ...     cls_head=dict(type='LinearClsHead', num_classes=3, in_channels=512))
        >>> model.cls_head.fc.weight.shape
        torch.Size([3, 512])
    """

    def __init__(
        self,
        cls_head: dict,
        delta: float = 0.5,
        sigma_px: float = 20.0,
        theta_bg: float = 0.3,
        theta_fg: float = 0.5,
        weight: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if self.group_by is not None:
            raise ConfigError('ECSCCAM.group_by: it has one model for all images. Leave it out.')
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.cls_head = MMENGINE_MODELS.build(cls_head)
        self.top = int(kwargs['in_channels'][-1])
        fc = getattr(self.cls_head, 'fc', None)
        if fc is None or fc.in_features != self.top:
            raise ConfigError(
                'ECSCCAM.cls_head must have a linear layer fc on the '
                f'{self.top} channels of the last level (in_channels), got {cls_head.get("type")} '
                f'with {getattr(fc, "in_features", "no fc")}.'
            )
        self.delta = check_number(delta, 'ECSCCAM.delta', 0, 1, below=True)
        self.sigma_px = check_number(sigma_px, 'ECSCCAM.sigma_px', 0, above=True)
        self.theta_bg = check_unit(theta_bg, 'ECSCCAM.theta_bg')
        self.theta_fg = check_unit(theta_fg, 'ECSCCAM.theta_fg')
        if self.theta_bg > self.theta_fg:
            raise ConfigError(
                f'ECSCCAM.theta_bg {theta_bg} must not be above theta_fg {theta_fg}: cells between '
                'them are left out.'
            )
        self.weight = check_number(weight, 'ECSCCAM.weight', 0)

    def init_weights(self) -> None:
        """Initialise backbone and head as their configs say."""
        super().init_weights()
        self.cls_head.init_weights()

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of C2AM, ``loss_classifier`` and ``loss_ecs``.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised.
            data_samples: With ``gt_label``.
        """
        logits, features = self.members[0](inputs)
        foreground = logits.sigmoid()
        top = features[:, -self.top :]
        losses = self.contrast(foreground, features)
        losses['loss_classifier'] = self.cls_head.loss((top.mean((2, 3)),), data_samples)['loss']
        labels = [sample.gt_label.flatten() for sample in data_samples]
        target = self.targets(inputs, top.detach(), labels)
        losses['loss_ecs'] = self.weight * self.masked_error(foreground[:, 0], target)
        return losses

    @torch.no_grad()
    def targets(self, images: Tensor, top: Tensor, labels: Sequence[Tensor]) -> Tensor:
        """Return ``T``, float ``(N, h, w)`` in [0, 1]; 0 for an image without classes.

        Args:
            images: float ``(N, 3, H, W)``.
            top: Features of the last level, ``(N, C, h, w)``.
            labels: Of each image, its classes.
        """
        rows = torch.repeat_interleave(
            torch.arange(len(images), device=images.device),
            torch.tensor([len(ids) for ids in labels], device=images.device),
        )
        target = top.new_zeros(len(images), *top.shape[2:])
        if not len(rows):
            return target
        ids = torch.cat(list(labels)).to(images.device)
        maps = self._class_maps(top[rows], ids)
        size = images.shape[2:]
        regions = F.interpolate(maps[:, None], size, mode='bilinear', align_corners=False)[:, 0]
        blurred = gaussian_blur(images, self.sigma_px * min(size) / 224)
        erased = erase(images[rows], blurred[rows], regions > self.delta)
        with evaluating(self.members[0].levels):  # erased images must not reach running statistics
            levels = self.members[0].levels(erased)
        found = self._class_maps(levels[:, -self.top :], ids)
        joined = join_maps(maps, found, how='max')
        places = rows[:, None, None].expand_as(joined)
        return target.scatter_reduce_(0, places, joined, 'amax')

    def masked_error(self, foreground: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error where the target is sure; 0 if it is nowhere."""
        sure = (target <= self.theta_bg) | (target >= self.theta_fg)
        errors = (foreground - target).square() * sure
        return errors.sum() / sure.sum().clamp(min=1)

    def _class_maps(self, top: Tensor, ids: Tensor) -> Tensor:
        """Return the CAM of one class of each image, ``(M, h, w)`` in [0, 1]."""
        maps = torch.einsum('mchw,mc->mhw', top, self.cls_head.fc.weight[ids]).relu()
        return normalize_maps(maps, 'max')
