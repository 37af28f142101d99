# SPDX-License-Identifier: Apache-2.0
"""Saliency from a segmentor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.segmentors import SegTTAModel

from ..errors import ConfigError
from ..ops.class_scores import probabilities_of
from ..registry import MODELS
from ..structures import WSSSDataSample


@MODELS.register_module()
class SegmentorSaliency(SegTTAModel):
    """A segmentor as a source of saliency: the ``tta_model`` of a stage that writes it.

    How much a pixel is an object is what its probability of background, label 0, leaves; those of
    all views are averaged. A network of two labels trained on class-agnostic masks makes saliency
    for those who have none (the recipe of J. Xie et al., "C2AM", CVPR 2022).

    Args:
        **kwargs: Of mmseg's ``SegTTAModel``.

    Example:
        >>> saliency = dict(run='test', tta_model=dict(type='wsss.SegmentorSaliency'))
    """

    @torch.no_grad()
    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[WSSSDataSample]:
        """Return samples with ``saliency``, float ``(H, W)`` in [0, 1].

        Args:
            data_samples_list: For each image the samples of its views, with ``seg_logits`` at the
                size of the image.

        Raises:
            ConfigError: If a sample has no ``image_id``.
        """
        return [_merged(views) for views in data_samples_list]


def _merged(views: Sequence[Any]) -> WSSSDataSample:
    if 'image_id' not in views[0]:
        raise ConfigError(
            'SegmentorSaliency: a sample has no image_id. Add it to meta_keys of PackSegInputs in '
            'the pipeline of the stage.'
        )
    mean = sum(probabilities_of(view.seg_logits.data) for view in views) / len(views)
    sample = WSSSDataSample(metainfo=dict(image_id=views[0].image_id))
    sample.saliency = (1 - mean[0]).clamp(0, 1)
    return sample
