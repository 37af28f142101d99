# SPDX-License-Identifier: Apache-2.0
"""Models that take raw images at test."""

from __future__ import annotations

from torch import Tensor


class NormalizesImages:
    """Brings images to where the weights of a model are, as its data preprocessor would."""

    def normalize(self, images: Tensor) -> Tensor:
        """Bring RGB images ``(N, 3, H, W)`` in 0..255 to the device, mean and deviation in use."""
        parameter = next(self.parameters())
        images = images.to(parameter.device, non_blocking=True).to(parameter.dtype)
        mean = getattr(self.data_preprocessor, 'mean', None)
        if mean is None:
            return images
        return (images - mean.to(images)) / self.data_preprocessor.std.to(images)

    def denormalize(self, images: Tensor) -> Tensor:
        """Return normalised images as they were, in 0..255."""
        mean = getattr(self.data_preprocessor, 'mean', None)
        if mean is None:
            return images
        return images * self.data_preprocessor.std.to(images) + mean.to(images)
