# SPDX-License-Identifier: Apache-2.0
"""Batches of images that may be padded."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from ...errors import DataError
from ...registry import MODELS


@MODELS.register_module()
class CAMPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor`` that keeps where images are padded.

    Images with a fourth channel (:class:`wsss.datasets.transforms.PaddedCrop`) come out of training
    with their validity as fourth channel: 1 where the image is, 0 where it is padded, be it by the
    crop or by ``pad_size_divisor``. Batch augments mix it like the pixels, whatever their method: a
    blend of 0.7 image and 0.3 padding has a validity of 0.7, so a place counts as much as it shows
    an image. A fifth channel (:class:`wsss.datasets.transforms.AppendSaliency`) is saliency, and is
    treated alike. What is mixed within the network (:class:`wsss.augment.ManifoldMixup` at a hidden
    stage) keeps the validity of the image itself; that of its partner is not known there. At test
    and for three channels it is the class it inherits from, to the last bit.

    Args:
        **kwargs: Arguments of ``mmpretrain.models.ClsDataPreprocessor``.

    Example:
        >>> image = torch.full((4, 8, 8), 255, dtype=torch.uint8)
        >>> image[3, :, 6:] = 0
        >>> prepare = CAMPreprocessor(mean=[127.5] * 3, std=[127.5] * 3)
        >>> prepare(dict(inputs=[image]), training=True)['inputs'][0, :, 0, 5:]
        tensor([[1., 1., 1.],
                [1., 1., 1.],
                [1., 1., 1.],
                [1., 0., 0.]])
    """

    takes_validity = True

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return normalised images, float ``(N, 3, H, W)``, with further channels up to 5.

        Args:
            data: ``inputs``, images of 3 to 5 channels ``(3, h, w)`` in 0..255, a list or one
                tensor; ``data_samples``, as in mmpretrain.
            training: Keep validity and saliency, in [0, 1], and mix.

        Raises:
            DataError: If images differ in the number of channels.
        """
        inputs = data['inputs']
        channels = {len(image) for image in inputs}
        if max(channels) <= 3:
            return super().forward(data, training)
        if len(channels) > 1:
            raise DataError(
                f'a batch has images of {sorted(channels)} channels. Crop all with wsss.PaddedCrop '
                'or none, and give all a saliency (wsss.AppendSaliency) or none.'
            )
        inputs = self.cast_data(inputs)
        colours = inputs[:, :3] if isinstance(inputs, Tensor) else [image[:3] for image in inputs]
        # the parent would mix without the other channels
        packed = super().forward({**data, 'inputs': colours}, training=False)
        if not training:
            return packed
        images = packed['inputs']
        rest = _padded([image[3:] for image in inputs], images.shape[2:]).to(images) / 255
        packed['inputs'] = self._mix(torch.cat([images, rest], 1), packed['data_samples'])
        return packed

    def _mix(self, images: Tensor, samples: Sequence | None) -> Tensor:
        """Return the images, mixed if there are batch augments, and set the labels of samples."""
        if self.batch_augments is None or not samples or 'gt_score' not in samples[0]:
            return images
        scores = torch.stack([sample.gt_score for sample in samples])
        images, scores = self.batch_augments(images, scores)
        for sample, score in zip(samples, scores):
            sample.set_gt_score(score)
        return images


def _padded(channels: Sequence[Tensor], size: Sequence[int]) -> Tensor:
    """Return channels ``(c, h, w)`` as ``(N, c, H, W)``, 0 to the right and below."""
    height, width = size
    return torch.stack(
        [F.pad(own, (0, width - own.shape[-1], 0, height - own.shape[-2])) for own in channels]
    )
