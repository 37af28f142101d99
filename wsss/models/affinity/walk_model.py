# SPDX-License-Identifier: Apache-2.0
"""The base of networks whose affinities score maps walk along."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ...checks import check_integer, check_number
from ...errors import ConfigError
from ...ops.affinity_loss import affinity_loss, cell_labels
from ...ops.cells import from_cells, pad_to_cells, to_cells
from ...ops.pairs import Offset, pair_offsets
from ...ops.random_walk import grid_matrix, random_walk
from ...refiners.background import Background
from ...structures import ScoreMaps
from ..map_refining_model import MapRefiningModel


class WalkModel(MapRefiningModel):
    """Trains affinities of cells on label maps; at test lets score maps walk along them.

    Subclasses say how far apart cells are (:meth:`look`). Training takes what mmseg's
    ``PackSegInputs`` packs, testing what ``wsss.PackScores(with_image=True)`` does, so the
    checkpoint of the first is loaded by the second as it is.

    Args:
        stride: Side of a cell in pixels.
        radius: Of the pairs that are trained, in cells.
        walk_radius: Of the pairs that are walked along; None takes ``radius``.
        power: Of affinities before they are made transition probabilities, the papers' beta.
        steps: Of the walk.
        bg_power: Background score ``(1 - max_k M_k)^bg_power`` of maps that have none of their own;
            None lets the classes walk alone and leaves background to a threshold.
        max_batch: Images of one size that the network sees at once at test.
        data_preprocessor: mmseg's, with ``mean``, ``std`` and the ``size`` of crops.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a value is not usable.
    """

    def __init__(
        self,
        stride: int,
        radius: int,
        walk_radius: int | None = None,
        power: float = 8,
        steps: int = 256,
        bg_power: float | None = 16,
        max_batch: int = 8,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(max_batch, data_preprocessor, init_cfg)
        name = type(self).__name__
        self.stride = check_integer(stride, f'{name}.stride', 1)
        self.power = check_number(power, f'{name}.power', 0, above=True)
        self.steps = check_integer(steps, f'{name}.steps', 0)
        self.background = Background(name, bg_power)
        walk_radius = radius if walk_radius is None else walk_radius
        self.offsets = pair_offsets(check_integer(radius, f'{name}.radius', 2))
        self.walk_offsets = pair_offsets(check_integer(walk_radius, f'{name}.walk_radius', 2))

    @abstractmethod
    def look(self, images: Tensor, offsets: list[Offset]) -> tuple[Tensor, Tensor | None]:
        """Return minus the logarithm of the affinities of all pairs, and what scores keep.

        Args:
            images: float ``(N, 3, H, W)``, normalised, of whole cells.
            offsets: Of the pairs.

        Returns:
            float ``(N, P, H / stride, W / stride)``, at least 0, for the pairs that begin in each
            cell; and float ``(N, H / stride, W / stride)``, which scores are multiplied by before
            they walk, or None.
        """

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of :func:`wsss.ops.affinity_loss.affinity_loss`.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised, padded to one size.
            data_samples: With ``gt_sem_seg`` ``(1, H, W)``.
        """
        images = pad_to_cells(inputs, self.stride)
        labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data_samples])
        distances, _ = self.look(images, self.offsets)
        return affinity_loss(distances, cell_labels(labels, self.stride), self.offsets)

    def refine(self, images: Tensor, maps: list[ScoreMaps]) -> list[ScoreMaps]:
        """Let the maps walk, see :meth:`wsss.models.map_refining_model.MapRefiningModel.refine`."""
        distances, kept = self.look(pad_to_cells(images, self.stride), self.walk_offsets)
        return self.walk(maps, (-self.power * distances.float()).exp(), kept)

    def walk(
        self, batch: list[ScoreMaps], weights: Tensor, kept: Tensor | None = None
    ) -> list[ScoreMaps]:
        """Let the maps of images of one size walk, all at once.

        Args:
            batch: Maps of each image, of any number of classes.
            weights: float ``(N, P, h, w)``, affinities to the power.
            kept: float ``(N, h, w)``, which scores are multiplied by before.

        Returns:
            Maps at the size of the images. With a background, scores and background sum to 1, and
            a class wins above 0.5 in an image of one class; without, the largest score is 1.
        """
        full = [self.background.at_full_size(maps) for maps in batch]
        planes = [maps.planes() for maps in full]
        grid, size = weights.shape[2:], batch[0].size
        if tuple(grid) != tuple(-(-side // self.stride) for side in size):
            raise ConfigError(
                f'{type(self).__name__}: at stride {self.stride} the network gives {tuple(grid)} '
                f'cells for an image of {size}. Set stride to that of the network.'
            )
        cells = weights.new_zeros(len(batch), max(map(len, planes)), *grid)
        for own, given in zip(cells, planes):
            own[: len(given)] = to_cells(given, self.stride)
        if kept is not None:
            cells *= kept[:, None]
        # grids of a batch are blocks of one matrix
        matrix = grid_matrix(weights, self.walk_offsets)
        walked = random_walk(matrix, cells.transpose(0, 1).flatten(1), self.steps)
        walked = walked.view(-1, len(batch), *grid).transpose(0, 1).clamp(min=0)
        found = []
        for maps, given, own in zip(full, planes, walked):
            own = from_cells(own[: len(given)], self.stride, size)
            largest = own.amax() if maps.background is None else own.sum(0)
            found.append(maps.with_planes(own / largest.clamp(min=1e-12)))
        return found
