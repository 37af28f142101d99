# SPDX-License-Identifier: Apache-2.0
"""Score maps from what a segmentor predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import SegTTAModel

from ..cams.fusion import grid_size
from ..checks import check_flag, check_integer
from ..errors import ConfigError
from ..ops.class_scores import class_scores, probabilities_of, spokesmen
from ..registry import MODELS
from ..structures import ScoreMaps, WSSSDataSample

_KEPT = ('image_id', 'img_path', 'ori_shape', 'held_out')
_NEEDED = ('image_id', 'gt_label', 'class_to_label')


@MODELS.register_module()
class SegmentorScores(SegTTAModel):
    """A segmentor as a source of score maps: the ``tta_model`` of a stage that labels images anew.

    Probabilities of all views are averaged; those of classes that the image-level label does not
    name become 0 and the rest is divided by its sum. That costs nothing and rules out whole classes
    of errors: the image label is right, the prediction need not be. Maps have a background.

    The pipeline ends with ``TestTimeAug``, whose ``PackSegInputs`` has ``image_id``, ``gt_label``
    and ``class_to_label`` among its ``meta_keys``.

    Args:
        restrict: False keeps the scores of all labels, each under the first class that has it.
        stride: Maps have one cell for so many pixels of the image.
        **kwargs: Of mmseg's ``SegTTAModel``.

    Raises:
        ConfigError: If a value is not usable, or samples lack what is needed.

    Example:
        >>> round1_scores = dict(run='test', tta_model=dict(type='wsss.SegmentorScores'))
    """

    def __init__(self, *, restrict: bool = True, stride: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        self.restrict = check_flag(restrict, 'tta_model.restrict')
        self.stride = check_integer(stride, 'tta_model.stride', 1)

    @torch.no_grad()
    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[WSSSDataSample]:
        """Return samples with ``score_maps``.

        Args:
            data_samples_list: For each image the samples of its views, with ``seg_logits`` at the
                size of the image.
        """
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: Sequence[Any]) -> WSSSDataSample:
        first = views[0]
        missing = [key for key in _NEEDED if key not in first]
        if missing:
            raise ConfigError(
                f'SegmentorScores: a sample has no {", ".join(missing)}. Add them to meta_keys of '
                'PackSegInputs in the pipeline of the stage.'
            )
        mean = sum(probabilities_of(view.seg_logits.data) for view in views) / len(views)
        to_label = first.class_to_label
        if max(to_label) >= len(mean):
            raise ConfigError(
                f'SegmentorScores: the data set has labels up to {max(to_label)}, the network '
                f'predicts {len(mean)} labels. Network and data set do not belong together.'
            )
        size = tuple(mean.shape[-2:])
        small = F.interpolate(mean[None].float(), grid_size(size, self.stride), mode='area')[0]
        keys = sorted(first.gt_label) if self.restrict else spokesmen(to_label)
        scores, background = class_scores(small, keys, to_label)
        sample = WSSSDataSample(metainfo={key: first.get(key) for key in _KEPT if key in first})
        sample.gt_label = torch.as_tensor(first.gt_label, dtype=torch.int64)
        sample.score_maps = ScoreMaps(
            torch.tensor(keys, dtype=torch.int16, device=scores.device), scores, size, background
        )
        return sample
