# SPDX-License-Identifier: Apache-2.0
"""Mixing by masks of low frequency."""

import pytest
import torch

from wsss.augment import FMix
from wsss.errors import ConfigError


def test_labels_go_by_the_mask_that_was_drawn():
    torch.manual_seed(0)
    images = torch.stack([torch.zeros(1, 5, 5), torch.ones(1, 5, 5)])
    for _ in range(20):
        mixed, soft = FMix()(images, torch.eye(2))
        pixels = mixed.mean(dim=(1, 2, 3))
        assert torch.allclose(soft[:, 1], pixels, atol=1e-6)
        assert set(mixed.unique().tolist()) <= {0.0, 1.0}


def test_one_mask_for_the_batch_or_one_for_each():
    torch.manual_seed(0)
    images = torch.zeros(3, 1, 16, 16)
    images[1:] = torch.tensor([1.0, 2.0])[:, None, None, None]
    shared = FMix().draw_masks([0.4, 0.4, 0.4], (16, 16))
    own = FMix(per_sample=True).draw_masks([0.2, 0.4, 0.6], (16, 16))
    assert shared.shape == (1, 16, 16) and own.shape == (3, 16, 16)
    assert own.mean(dim=(1, 2)).tolist() == pytest.approx([0.2, 0.4, 0.6], abs=1 / 256)


def test_the_reformulated_label_is_the_images_own():
    torch.manual_seed(0)
    kept = []
    for _ in range(200):
        images = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)])
        mixed, soft = FMix(reformulate=True, alpha=1.0)(images, torch.eye(2))
        assert torch.equal(soft, torch.eye(2))
        if mixed[0].max() > 0:
            kept.append(1 - float(mixed[0].mean()))
    # Beta(2, 1) has the mean 2/3
    assert sum(kept) / len(kept) == pytest.approx(2 / 3, abs=0.08)


def test_refusals():
    for arguments, key in (
        (dict(max_soft=1.0), 'max_soft'),
        (dict(decay=-1), 'decay'),
        (dict(spectrum='pink'), 'spectrum'),
    ):
        with pytest.raises(ConfigError, match=key):
            FMix(**arguments)
