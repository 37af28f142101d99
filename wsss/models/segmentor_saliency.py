# SPDX-License-Identifier: Apache-2.0
"""Saliency from a segmentor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.segmentors import SegTTAModel
from torch import Tensor

from ..errors import ConfigError
from ..ops.class_scores import probabilities_of
from ..refiners import BaseRefiner, RefinerChain
from ..registry import MODELS
from ..structures import ScoreMaps, WSSSDataSample


@MODELS.register_module()
class SegmentorSaliency(SegTTAModel):
    """A segmentor as a source of saliency: the ``tta_model`` of a stage that writes it.

    How much a pixel is an object is what its probability of background, label 0, leaves; those of
    all views are averaged. A network of two labels trained on class-agnostic masks makes saliency
    for those who have none (the recipe of J. Xie et al., "C2AM", CVPR 2022). Its outlines are as
    coarse as its stride; a dense CRF brings them back to those of the image. Refiners work in the
    main process, on the device of the stage; the CRF takes some tenths of a second an image on a
    CPU.

    Args:
        refiners: Configs of refiners, or one, for the saliency of each image, of those that keep a
            map in [0, 1]. The first view must be the image as it is, neither resized nor mirrored.
        **kwargs: Of mmseg's ``SegTTAModel``.

    Raises:
        ConfigError: If a refiner cannot be built.

    Example:
        >>> crf = dict(type='wsss.DenseCRF', preset='deeplab')
        >>> tta_model = dict(type='wsss.SegmentorSaliency', refiners=crf)
    """

    def __init__(
        self,
        refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.chain = None if refiners is None else RefinerChain(refiners, 'tta_model.refiners')

    @torch.no_grad()
    def test_step(self, data: dict) -> list[WSSSDataSample]:
        """Return samples with ``saliency`` of a batch, refined.

        Args:
            data: For each view its ``inputs``, uint8 ``(3, H, W)`` RGB, and ``data_samples``.

        Raises:
            ConfigError: If a sample has no ``image_id``, or refiners have no view of the image as
                it is.
            DataError: If a refiner refuses the saliency; the message names the image.
        """
        samples = super().test_step(data)
        if self.chain is not None:
            for image, view, sample in zip(data['inputs'][0], data['data_samples'][0], samples):
                sample.saliency = self._refined(image, view, sample)
        return samples

    def _refined(self, image: Tensor, view: Any, sample: WSSSDataSample) -> Tensor:
        size = tuple(sample.saliency.shape)
        if view.get('flip') or tuple(image.shape[-2:]) != size:
            raise ConfigError(
                'SegmentorSaliency: refiners need the image as it is, and the first view is '
                f'mirrored or resized: {tuple(image.shape[-2:])}, the image has {size}. Put '
                "dict(type='RandomFlip', prob=0.0) first into the views of TestTimeAug."
            )
        saliency = sample.saliency
        # of one class, whichever: what is an object
        key = torch.zeros(1, dtype=torch.int16, device=saliency.device)
        maps = ScoreMaps(key, saliency[None], size, 1 - saliency)
        refined = self.chain.to(saliency.device).refine_tensor(image, maps, sample.image_id)
        return refined.resized().scores[0].float().clamp(0, 1)

    @torch.no_grad()
    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[WSSSDataSample]:
        """Return samples with ``saliency``, float ``(H, W)`` in [0, 1], not refined.

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
