# SPDX-License-Identifier: Apache-2.0
"""A segmentor that looks at several scales of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor

from ..checks import check_number
from ..errors import ConfigError
from ..registry import MODELS


@MODELS.register_module()
class MultiScaleSegmentor(EncoderDecoder):
    """One network on several scales of the image, fused by the maximum of their scores (MSC).

    L.-C. Chen et al., "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous
    Convolution, and Fully Connected CRFs", TPAMI 2018, section 4.1. Training adds the loss of each
    scale and that of the maximum, each at its own resolution: scores are not enlarged, labels are
    those of the pixels at the middle of the cells. Prediction takes the maximum. Windows
    (``mode='slide'``) and views of test-time augmentation are each seen at all scales.

    The names of the parameters are those of ``EncoderDecoder``, whose weights load.

    Args:
        scales: Of the input. The maximum has the resolution of the first. One alone is
            ``EncoderDecoder`` with labels at the resolution of its scores.
        **kwargs: As in mmseg's ``EncoderDecoder``, without ``auxiliary_head``.

    Raises:
        ConfigError: If scales are not positive numbers, all different.

    Example:
        >>> network = dict(  # also data_preprocessor, train_cfg and test_cfg of EncoderDecoder
        ...     type='wsss.MultiScaleSegmentor', scales=(1, 0.75, 0.5),
        ...     decode_head=dict(type='wsss.ASPPV2Head', in_channels=2048, num_classes=21))
    """

    def __init__(self, *, scales: Sequence[float] = (1, 0.75, 0.5), **kwargs: Any):
        if kwargs.get('auxiliary_head') is not None:
            raise ConfigError('MultiScaleSegmentor has no auxiliary_head. Set it to None.')
        super().__init__(**kwargs)
        if not isinstance(scales, Sequence) or not scales or len(set(scales)) < len(scales):
            raise ConfigError(
                'MultiScaleSegmentor.scales must be positive numbers, all different, such as '
                f'(1, 0.75, 0.5), got {scales!r}.'
            )
        self.scales = tuple(
            check_number(scale, f'MultiScaleSegmentor.scales[{i}]', 0, above=True)
            for i, scale in enumerate(scales)
        )

    def scores(self, images: Tensor) -> list[Tensor]:
        """Return the scores ``(N, C, h, w)`` of each scale, each at its own resolution."""
        found = []
        for scale in self.scales:
            size = [max(1, round(side * scale)) for side in images.shape[-2:]]
            scaled = F.interpolate(images, size, mode='bilinear', align_corners=False)
            found.append(self.decode_head(self.extract_feat(scaled)))
        return found

    def fuse(self, scores: Sequence[Tensor]) -> Tensor:
        """Return the maximum of scores at the resolution of the first, ``(N, C, h, w)``."""
        size = scores[0].shape[-2:]
        same = [
            resize(each, size, mode='bilinear', align_corners=self.align_corners) for each in scores
        ]
        return torch.stack(same).amax(0)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the fused scores at the size of ``inputs``."""
        fused = self.fuse(self.scores(inputs))
        return self.decode_head.predict_by_feat(fused, batch_img_metas)

    def loss(self, inputs: Tensor, data_samples: Sequence[SegDataSample]) -> dict[str, Tensor]:
        """Return the losses of each scale and, with several, of their maximum.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised.
            data_samples: With ``gt_sem_seg`` of ``(1, H, W)``.
        """
        scores = self.scores(inputs)
        named = {f'decode_{scale:g}': each for scale, each in zip(self.scales, scores)}
        if len(scores) > 1:
            named['decode_max'] = self.fuse(scores)
        labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
        losses = {}
        for name, each in named.items():
            terms = self.decode_head.loss_by_feat(each, _at_size(labels, each.shape[-2:]))
            losses.update(add_prefix(terms, name))
        return losses

    def _forward(self, inputs: Tensor, data_samples: Any = None) -> Tensor:
        return self.fuse(self.scores(inputs))


def _at_size(labels: Tensor, size: Sequence[int]) -> list[SegDataSample]:
    """Return samples with labels ``(N, 1, H, W)`` of the pixels at the middle of the cells."""
    small = F.interpolate(labels.float(), size, mode='nearest-exact').to(labels.dtype)
    return [SegDataSample(gt_sem_seg=PixelData(data=each)) for each in small]
