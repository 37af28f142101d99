# SPDX-License-Identifier: Apache-2.0
"""Affinities to the eight neighbours of a pixel, for comparison."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import check_integer, check_number
from ...ops.affinity_loss import EPS, cell_labels, pair_kinds
from ...ops.cells import on_grid
from ...ops.pairs import Offset, paired
from ...registry import MODELS
from ..levels import Levels
from .walk_model import WalkModel

# direction of each channel; the opposite one is as far from the end
NEIGHBOURS: tuple[Offset, ...] = (
    (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1),
)  # fmt: skip


@MODELS.register_module()
class NeighborAffinityNet(WalkModel):
    """Affinities of a pixel to its eight neighbours as eight outputs of a coarse network.

    An ablation of :class:`AffinityNet`, after a public student project on Oxford-IIIT Pet: no
    feature distance, no radius, a stride of 32 interpolated to pixels, few steps. Two of its parts
    are mended: training and walk read the channels in one order, and the two directions of a pair
    are averaged, as a walk needs symmetric affinities. Unlike there, a pixel counts among its own
    neighbours.

    Args:
        backbone: Config of a backbone that gives one level; types without a prefix are
            mmpretrain's.
        in_channels: Of that level.
        smoothing: Targets are ``1 - smoothing`` for pairs of one label and ``smoothing`` for
            others, in [0, 0.5).
        power: See :class:`WalkModel`, as all that follow.
        steps: Of the walk.
        bg_power: Of the background score.
        max_batch: Images of one size that the network sees at once at test.
        data_preprocessor: mmseg's, with ``mean``, ``std`` and the ``size`` of crops.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> model = NeighborAffinityNet(backbone=dict(type='ResNet', depth=18), in_channels=512)
        >>> model = model.eval()
        >>> maps = ScoreMaps(torch.tensor([2]), torch.rand(1, 6, 8), size=(24, 30))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> image = torch.zeros(3, 24, 30, dtype=torch.uint8)
        >>> model.test_step(dict(inputs=[image], data_samples=[sample]))[0].score_maps.scores.shape
        torch.Size([1, 24, 30])
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: int,
        smoothing: float = 0.1,
        power: float = 1,
        steps: int = 6,
        bg_power: float | None = 1,
        max_batch: int = 8,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            stride=1,
            radius=2,
            power=power,
            steps=steps,
            bg_power=bg_power,
            max_batch=max_batch,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        in_channels = check_integer(in_channels, 'NeighborAffinityNet.in_channels', 1)
        self.smoothing = check_number(
            smoothing, 'NeighborAffinityNet.smoothing', 0, 0.5, below=True
        )
        self.levels = Levels(backbone, [nn.Conv2d(in_channels, len(NEIGHBOURS), 1)])

    def look(self, images: Tensor, offsets: list[Offset]) -> tuple[Tensor, None]:
        """Return minus the logarithm of the mean affinity of both directions of a pair."""
        directed = on_grid(self.levels(images), images.shape[-2:]).sigmoid().float()
        found = directed.new_zeros(len(images), len(offsets), *images.shape[-2:])
        for k, (dy, dx) in enumerate(offsets):
            there = paired(directed[:, NEIGHBOURS.index((dy, dx))], (dy, dx))[0]
            back = paired(directed[:, NEIGHBOURS.index((-dy, -dx))], (dy, dx))[1]
            affinity = (there + back) / 2
            paired(found[:, k], (dy, dx))[0].copy_(-torch.log(affinity.clamp(EPS, 1)))
        return found, None

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return binary cross entropy, averaged over equal and over different pairs.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised, padded to one size.
            data_samples: With ``gt_sem_seg`` ``(1, H, W)``.
        """
        labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data_samples])
        same, different = pair_kinds(cell_labels(labels, self.stride), self.offsets)
        affinity = (-self.look(inputs, self.offsets)[0]).exp().clamp(EPS, 1 - EPS)
        target = torch.where(same, 1 - self.smoothing, self.smoothing)
        entropy = F.binary_cross_entropy(affinity, target, reduction='none')
        return {
            f'loss_{name}': (entropy * kind).sum() / (kind.sum() + EPS)
            for name, kind in (('same', same), ('different', different))
        }
