# SPDX-License-Identifier: Apache-2.0
"""Figures of superpixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmengine.dist as dist
import torch
from torch import Tensor

from ..checks import check_number
from ..engine.notes import note
from ..errors import DataError, StageError
from ..ops.superpixel_figures import (
    achievable_accuracy,
    boundaries,
    boundary_hits,
    boundary_reach,
    overlaps,
    undersegmentation,
)
from ..registry import METRICS
from .mask_metric import label_map, sample_field
from .running_metric import RunningMetric

FIGURES = ('ASA', 'UE', 'BR', 'BP', 'regions')


@METRICS.register_module()
class SuperpixelMetric(RunningMetric):
    """How well the regions of images follow the segmentations that people have drawn.

    Figures of an image are means over its people, those reported means over images. In percent:
    ``ASA``, achievable segmentation accuracy; ``UE``, undersegmentation error as of Neubert and
    Protzel; ``BR`` and ``BP``, boundary recall and precision. ``regions`` is the mean number of
    regions of an image; a region of several parts counts as one. All depend on that number, and
    ragged regions have a high ``BR``: compare at equal numbers, and look at ``BP`` too. Formulas
    are in :mod:`wsss.ops.superpixel_figures`.

    Args:
        tolerance: Share of the diagonal by which boundaries may be apart; pixels are rounded up.
        prefix: Put before the names, as in mmengine.

    Raises:
        ConfigError: If ``tolerance`` is not a number of at least 0.

    Example:
        >>> square = torch.tensor([[[0, 0, 5, 5]]])
        >>> sample = dict(pred_regions=dict(data=square), human_regions=dict(data=square))
        >>> metric = SuperpixelMetric()
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'ASA': 100.0, 'UE': 0.0, 'BR': 100.0, 'BP': 100.0, 'regions': 2.0}
    """

    default_prefix = ''

    def __init__(self, tolerance: float = 0.0025, prefix: str | None = None):
        super().__init__(prefix=prefix)
        self.tolerance = check_number(tolerance, 'SuperpixelMetric.tolerance', 0)
        self._reset()

    def _reset(self) -> None:
        self._sums = torch.zeros(len(FIGURES) + 1, dtype=torch.float64)

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Add a batch.

        Args:
            data_batch: Not used.
            data_samples: With ``pred_regions``, integers ``(1, H, W)``, and ``human_regions``,
                ``(A, H, W)``; any numbers of at least 0.

        Raises:
            DataError: If a sample has none of them, or sizes differ; names the image.
        """
        for sample in data_samples:
            name = sample_field(sample, 'image_id')
            regions = label_map(sample, 'pred_regions')
            humans = sample_field(sample_field(sample, 'human_regions'), 'data')
            if regions is None or humans is None:
                missing = 'pred_regions' if regions is None else 'human_regions'
                raise DataError(
                    f'SuperpixelMetric: image {name!r} has no {missing}. Regions come from '
                    'wsss.SuperpixelNet or wsss.MakeRegions, human ones from wsss.LoadRegions.'
                )
            if regions.shape != humans.shape[1:] or not len(humans):
                raise DataError(
                    f'SuperpixelMetric: image {name!r}: regions {tuple(regions.shape)} and human '
                    f'segmentations {tuple(humans.shape)} do not fit.'
                )
            figures = image_figures(regions.cpu(), humans.cpu(), self.tolerance)
            self._sums += torch.cat([figures, figures.new_ones(1)])

    def evaluate(self, size: int) -> dict[str, float]:
        """Sum over the ranks and return the figures, the same on every rank.

        Args:
            size: Number of images of the split; not needed, as samplers do not pad.

        Raises:
            StageError: If no image was evaluated.
        """
        sums, _ = self._sums, self._reset()
        dist.all_reduce(sums)
        count = int(sums[-1])
        if not count:
            raise StageError('SuperpixelMetric evaluated zero images. Check the split.')
        note(images=count, tolerance=self.tolerance)
        means = dict(zip(FIGURES, (sums[:-1] / count).tolist()))
        prefix = f'{self.prefix}/' if self.prefix else ''
        return {
            prefix + name: value if name == 'regions' else 100 * value
            for name, value in means.items()
        }


def image_figures(regions: Tensor, humans: Tensor, tolerance: float) -> Tensor:
    """Return the figures of one image, means over people.

    Args:
        regions: Integer ``(H, W)``.
        humans: Integer ``(A, H, W)``.
        tolerance: Of boundaries, share of the diagonal.

    Returns:
        float64 ``(5,)``, in the order of ``FIGURES``; shares, and the number of regions.
    """
    ids, regions = regions.unique(return_inverse=True)
    edges, reach = boundaries(regions), boundary_reach(tuple(regions.shape), tolerance)
    rows = []
    for human in humans:
        segments = human.unique(return_inverse=True)[1]
        counts, drawn = overlaps(regions, segments), boundaries(segments)
        recall, precision = boundary_hits(edges, drawn, reach), boundary_hits(drawn, edges, reach)
        error = undersegmentation(counts)
        rows.append([achievable_accuracy(counts), error, recall, precision, len(ids)])
    return torch.tensor(rows, dtype=torch.float64).mean(0)
