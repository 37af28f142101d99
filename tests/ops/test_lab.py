# SPDX-License-Identifier: Apache-2.0
"""Lab against scikit-image."""

import numpy as np
import torch
from skimage.color import rgb2lab

from wsss.ops.lab import rgb_to_lab


def test_lab_is_that_of_scikit_image():
    image = np.random.default_rng(0).random((6, 7, 3))
    image[0, :3] = [[0, 0, 0], [1, 1, 1], [0.02, 0.03, 0.04]]
    found = rgb_to_lab(torch.from_numpy(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.allclose(found.numpy(), rgb2lab(image), atol=1e-3)
