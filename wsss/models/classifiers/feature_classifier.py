# SPDX-License-Identifier: Apache-2.0
"""A classifier that says what whole images look like."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

from ...checks import check_choice
from ...errors import ConfigError
from ...registry import MODELS
from ...structures import WSSSDataSample
from .cam_classifier import CAMClassifier

OUTPUTS = ('pooled', 'logits')


@MODELS.register_module()
class FeatureClassifier(CAMClassifier):
    """A classifier whose test gives ``features`` of each image, which are clustered or taught.

    The parameters are those of :class:`CAMClassifier`, so the weights of a training load as they
    are. A backbone alone will do: ``neck`` and ``head`` can be left out, for instance for a vision
    transformer, whose class token is taken. Maps are averaged over their cells.

    An image may have several views (scales, crops): their features are averaged.

    Args:
        *args: As in :class:`CAMClassifier`.
        output: ``pooled``, or the ``logits`` of the head, for a student of the same classes.
        **kwargs: As in :class:`CAMClassifier`.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> model = FeatureClassifier(backbone=dict(type='mmpretrain.MobileNetV2')).eval()
        >>> views = [torch.zeros(3, 64, 96, dtype=torch.uint8)]
        >>> data = dict(inputs=[views], data_samples=[WSSSDataSample()])
        >>> model.test_step(data)[0].features.shape
        torch.Size([1280])
    """

    def __init__(self, *args: Any, output: str = 'pooled', **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.output = check_choice(output, 'model.output', OUTPUTS)
        if output == 'logits' and not self.with_head:
            raise ConfigError("model.output='logits' needs model.head, which is not set.")

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Return the samples with ``features``, float32 ``(D,)``.

        Args:
            data: ``inputs``, for each image the list of its views ``(3, h, w)``, RGB in 0..255;
                ``data_samples``, for each image a :class:`WSSSDataSample`.
        """
        found: list[list[Tensor]] = [[] for _ in data['inputs']]
        groups: dict[tuple[int, ...], list[tuple[int, Tensor]]] = defaultdict(list)
        for index, views in enumerate(data['inputs']):
            for view in views:
                groups[tuple(view.shape)].append((index, view))
        for members in groups.values():
            for start in range(0, len(members), self.fusion.max_batch):
                indices, views = zip(*members[start : start + self.fusion.max_batch])
                for index, row in zip(indices, self.features_of(torch.stack(views))):
                    found[index].append(row)
        for sample, rows in zip(data['data_samples'], found):
            sample.features = torch.stack(rows).mean(0).float()
        return data['data_samples']

    def features_of(self, views: Tensor) -> Tensor:
        """Return what is wanted of views of one size.

        Args:
            views: ``(N, 3, h, w)``, RGB in 0..255.

        Returns:
            float ``(N, D)``.

        Raises:
            ConfigError: If the network gives neither maps nor features.
        """
        views = self.normalize_views(views)
        if self.output == 'logits':
            return self(views)
        features = self.extract_feat(views)
        features = features[-1] if isinstance(features, (tuple, list)) else features
        if features.ndim not in (2, 4):
            raise ConfigError(
                f'model: the network gives {tuple(features.shape)} for {len(views)} images, which '
                'are neither maps (N, C, h, w) nor features (N, C). Of a vision transformer take '
                "model.backbone.out_type='cls_token' or 'avg_featmap'."
            )
        return features.flatten(2).mean(2) if features.ndim == 4 else features
