# SPDX-License-Identifier: Apache-2.0
"""A small picture with two discs and coarse maps of them."""

import cv2
import numpy as np
import pytest
import torch

from wsss.structures import ScoreMaps

SIZE = 48, 64


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    picture = np.full((*SIZE, 3), (60, 110, 70), np.uint8)
    cv2.circle(picture, (18, 20), 11, (200, 60, 50), -1)
    cv2.circle(picture, (46, 28), 12, (70, 80, 210), -1)
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def maps():
    y, x = np.mgrid[: SIZE[0] // 4, : SIZE[1] // 4] * 4 + 2
    discs = [np.exp(-((x - a) ** 2 + (y - b) ** 2) / 120) for a, b in ((15, 18), (48, 30))]
    scores = torch.from_numpy(np.stack(discs).astype(np.float32))
    return ScoreMaps(torch.tensor([1, 4]), scores, SIZE)
