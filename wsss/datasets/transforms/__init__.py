# SPDX-License-Identifier: Apache-2.0
"""What happens to one image in a loader worker."""

from .load_image import LoadImage, read_image
from .load_mask import LoadMask, read_mask

__all__ = ['LoadImage', 'LoadMask', 'read_image', 'read_mask']
