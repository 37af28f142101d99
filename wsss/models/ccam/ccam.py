# SPDX-License-Identifier: Apache-2.0
"""C2AM: class-agnostic activation maps from contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel, ModuleList
from torch import Tensor

from ...checks import check_choice, check_flag, check_integers, check_number
from ...errors import ConfigError, DataError
from ...ops.c2am import c2am_losses, disentangle
from ...ops.over_ranks import gather_over_ranks
from ...registry import MODELS
from ...structures import WSSSDataSample
from ..explains_views import ExplainsViews
from .agnostic_map import AgnosticMap
from .disentangler import Disentangler

POLARITIES = ('dataset', 'image')


@MODELS.register_module()
class CCAM(ExplainsViews, BaseModel):
    """Learns, without any label, which cells of an image are the object.

    Some classes look alike everywhere and some backgrounds are shared by all: foregrounds of
    different images are pulled together, likewise backgrounds, and foregrounds are pushed from
    backgrounds (J. Xie et al., "C2AM: Contrastive Learning of Class-Agnostic Activation Map for
    Weakly Supervised Object Localization and Semantic Segmentation", CVPR 2022). The loss cannot
    know which side is the object: :class:`wsss.engine.hooks.PolarityHook` decides it once for the
    data set at the end of the training.

    Maps of the classes in an image's label are all the same map; an ensemble
    (:class:`wsss.datasets.transforms.CombineScores`) tells classes apart. Images without a label
    get no map.

    Args:
        backbone: Config of a backbone with several ``out_indices``; types without a prefix are
            mmpretrain's. Features are cut at 0, so that cosines are not negative.
        in_channels: Of each level that the backbone gives. Levels are concatenated on the grid of
            the first.
        output_stride: Finer maps, see :func:`wsss.ops.output_stride.set_output_stride`.
        alpha: Of the ranks, see :func:`wsss.ops.c2am.rank_weights`.
        clamp: Cut similarities as published, see :func:`wsss.ops.c2am.attract`.
        group_by: None: one model for all images. Otherwise the group of each image-level class, a
            number for each: a model for each group, which sees the images of its group only; train
            with :class:`wsss.datasets.samplers.GroupSampler`.
        polarity: ``dataset``: the sign in the weights, +1 until the hook sets it. ``image``: as a
            public project does, at each image anew: where the mean of the four corner logits
            exceeds 0.5 the logits become ``1 - logit``; for comparison only.
        norm: Of maps, see :class:`AgnosticMap`.
        fusion: Arguments of :class:`wsss.cams.ViewFusion`.
        extraction: Arguments of :class:`wsss.cams.Preparation`.
        data_preprocessor: mmpretrain's, with ``mean`` and ``std``.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> model = CCAM(
        ...     backbone=dict(type='ResNet', depth=18, out_indices=(2, 3)),
        ...     in_channels=(256, 512), output_stride=16)
        >>> sample = WSSSDataSample(gt_label=torch.tensor([1]), metainfo=dict(ori_shape=(64, 96)))
        >>> views = [torch.zeros(3, 64, 96, dtype=torch.uint8)]
        >>> model.test_step(dict(inputs=[views], data_samples=[sample]))[0].score_maps.scores.shape
        torch.Size([1, 16, 24])
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: Sequence[int],
        output_stride: int | None = None,
        alpha: float = 0.25,
        clamp: bool = False,
        group_by: Sequence[int] | None = None,
        polarity: str = 'dataset',
        norm: str = 'max',
        fusion: dict | None = None,
        extraction: dict | None = None,
        data_preprocessor: dict | None = None,
    ):
        super().__init__(
            data_preprocessor={
                'type': 'mmpretrain.ClsDataPreprocessor',
                **(data_preprocessor or {}),
            }
        )
        in_channels = check_integers(in_channels, 'CCAM.in_channels', 1)
        self.alpha = check_number(alpha, 'CCAM.alpha', 0)
        self.clamp = check_flag(clamp, 'CCAM.clamp')
        self.group_by = None if group_by is None else check_integers(group_by, 'CCAM.group_by', 0)
        self.polarity = check_choice(polarity, 'CCAM.polarity', POLARITIES)
        groups = 1 if self.group_by is None else max(self.group_by) + 1
        self.members = ModuleList(
            Disentangler(backbone, in_channels, output_stride) for _ in range(groups)
        )
        self.register_buffer('signs', torch.ones(groups))
        self.set_up_maps(AgnosticMap(norm), fusion, extraction)

    def init_weights(self) -> None:
        """Initialise the first member as its config says, and all others like it."""
        if not self.is_init:
            self.members[0].init_weights()
            for member in self.members[1:]:
                member.load_state_dict(self.members[0].state_dict())
            self._is_init = True

    def forward(
        self, inputs: Tensor, data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Return losses (``mode='loss'``) or the logits of all groups ``(N, G, h, w)``.

        Raises:
            ConfigError: For another mode.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'tensor':
            return torch.cat([member(inputs)[0] for member in self.members], dim=1)
        raise ConfigError(f"CCAM: mode must be 'loss' or 'tensor', got {mode!r}.")

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of :func:`wsss.ops.c2am.c2am_losses`, over the images of all processes.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised.
            data_samples: With ``gt_label``, if there are groups: all of one.
        """
        logits, features = self.members[self._common_group(data_samples)](inputs)
        return self.contrast(logits.sigmoid(), features)

    def contrast(self, foreground: Tensor, features: Tensor) -> dict[str, Tensor]:
        """Return the losses of foregrounds ``(N, 1, h, w)`` in features ``(N, C, h, w)``."""
        # half precision has no room for what distinguishes cosines near 1
        with torch.autocast(foreground.device.type, enabled=False):
            sides = disentangle(foreground.float(), features.float())
            inside, outside = (gather_over_ranks(side) for side in sides)
            return c2am_losses(inside, outside, self.alpha, self.clamp)

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Set ``score_maps`` of a batch of :class:`wsss.datasets.transforms.PackViews`."""
        return self.explain(data['inputs'], data['data_samples'])

    val_step = test_step

    def classes_of(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[Tensor]:
        """Return the ids of each image's label, increasing."""
        labels = [sample.get('gt_label', torch.zeros(0)) for sample in samples]
        return [torch.as_tensor(ids).to('cpu', torch.int64).unique() for ids in labels]

    def signed_logits(self, images: Tensor, classes: Sequence[Tensor]) -> Tensor:
        """Return logits ``(N, h, w)``, above 0 where the object is.

        Args:
            images: float ``(N, 3, H, W)``, normalised.
            classes: For each image its classes, of which the first says which group it is of.
        """
        groups = torch.tensor([self.group_of(ids) for ids in classes], device=images.device)
        logits = None
        for group in groups.unique().tolist():
            rows = groups == group
            own = self.members[group](images[rows])[0][:, 0]
            if logits is None:
                logits = own.new_zeros(len(images), *own.shape[1:])
            logits[rows] = own
        if self.polarity == 'image':
            corners = logits[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(dim=1)
            return torch.where(corners[:, None, None] > 0.5, 1 - logits, logits)
        return logits * self.signs[groups][:, None, None].to(logits)

    def group_of(self, classes: Tensor) -> int:
        """Return the group of an image with these classes; the first of them counts.

        Raises:
            DataError: If there are groups, and the image has no class or an unknown one.
        """
        if self.group_by is None:
            return 0
        ids = torch.as_tensor(classes).flatten().tolist()
        if not ids or not 0 <= min(ids) < len(self.group_by):
            raise DataError(
                f'an image with the classes {ids} belongs to none of the groups: CCAM.group_by '
                f'names those of the classes 0..{len(self.group_by) - 1}.'
            )
        return self.group_by[min(ids)]

    def _common_group(self, data_samples: list | None) -> int:
        if self.group_by is None:
            return 0
        groups = {self.group_of(sample.gt_label) for sample in data_samples}
        if len(groups) > 1:
            raise ConfigError(
                f'CCAM.group_by: a batch holds images of the groups {sorted(groups)}, each of '
                'which has a model of its own. Set train_dataloader.sampler=dict(type='
                "'wsss.GroupSampler', group_by=..., batch_size=...)."
            )
        return groups.pop()
