# SPDX-License-Identifier: Apache-2.0
"""The last layer of SP-CAM's maps."""

from __future__ import annotations

from torch import Tensor, nn

from ...checks import check_flag, check_integer
from ...ops.association import superpixels_to_pixels


class ToPixels(nn.Module):
    """Lets values of superpixels walk, and brings them to the pixels of the image.

    A layer, so that maps can be taken from it by its name.

    Args:
        steps: Of the walk; 0 leaves values where they are.
        upsample: Pixels take from their superpixels by their shares; False interpolates the grid.

    Raises:
        ConfigError: If a value is not usable.
    """

    def __init__(self, steps: int = 0, upsample: bool = False):
        super().__init__()
        self.steps = check_integer(steps, 'model.to_pixels.steps', 0)
        self.upsample = check_flag(upsample, 'model.to_pixels.upsample')

    def forward(self, values: Tensor, q: Tensor, cell: int, size: tuple[int, int]) -> Tensor:
        """Return the values of pixels.

        Args:
            values: float ``(N, C, h, w)``.
            q: Association ``(N, 9, h cell, w cell)``.
            cell: Side of a superpixel.
            size: ``(H, W)`` of the images before they were padded to whole cells.

        Returns:
            float ``(N, C, H, W)``.
        """
        pixels = superpixels_to_pixels(values, q, cell, self.steps, self.upsample)
        return pixels[..., : size[0], : size[1]]
