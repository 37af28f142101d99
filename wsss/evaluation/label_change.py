# SPDX-License-Identifier: Apache-2.0
"""How far labels have moved from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmengine.dist as dist
import torch
from torch import Tensor

from ..datasets.mask_io import read_mask
from ..datasets.reads_files import ReadsFiles
from ..errors import ConfigError, DataError
from ..ops.confusion import IGNORE
from ..registry import METRICS
from ..structures import check_image_id
from .mask_metric import label_map, sample_field
from .running_metric import RunningMetric


def change_counts(now: Tensor, before: Tensor) -> Tensor:
    """Count pixels of two label maps of one image.

    Args:
        now: Integer ``(H, W)``, 255 where there is no label.
        before: Likewise.

    Returns:
        int64 ``(7,)``: all pixels; those with a label now; of these foreground; those with a label
        before; of these foreground; those with a label both times; of these changed.

    Example:
        >>> change_counts(torch.tensor([[0, 1, 255]]), torch.tensor([[1, 1, 1]])).tolist()
        [3, 2, 1, 3, 3, 2, 1]
    """
    labelled, was = now != IGNORE, before != IGNORE
    parts = (
        torch.ones_like(labelled),
        labelled,
        labelled & (now > 0),
        was,
        was & (before > 0),
        labelled & was,
        labelled & was & (now != before),
    )
    return torch.stack([part.sum() for part in parts])


@METRICS.register_module()
class LabelChange(RunningMetric, ReadsFiles):
    """The share of pixels whose label differs from that in another folder, and foreground areas.

    Truth is not looked at, so it works on any images: in rounds of self-training it shows labels
    settling, or drifting to more and more (or less) foreground.

    Reports in percent: ``changed``, of the pixels that have a label both times; ``foreground`` and
    ``foreground_before``, of those that have a label now, or before; ``labelled``, of all pixels.

    Args:
        folder: Of the other labels, ``<folder>/<image id>.png``, such as ``@pseudo_labels/masks``.
        prefix: Put before the names, to tell several of these metrics apart.

    Raises:
        ConfigError: If ``folder`` is no path.

    Example:
        >>> test_evaluator = [dict(type='wsss.LabelChange', folder='@pseudo_labels/masks')]
    """

    default_prefix = ''

    def __init__(self, folder: str, prefix: str | None = None):
        super().__init__(prefix=prefix)
        if not isinstance(folder, str) or not folder:
            raise ConfigError(f'LabelChange.folder must be a folder, got {folder!r}.')
        self.folder = folder
        self._counts = torch.zeros(7, dtype=torch.int64)

    def files(self, image_id: str) -> list[str]:
        """Return the path of the other labels."""
        return [f'{self.folder}/{image_id}.png']

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Add a batch.

        Raises:
            DataError: If a sample has no labels, or those in the folder are missing or do not fit.
        """
        for sample in data_samples:
            image_id = check_image_id(str(sample_field(sample, 'image_id')))
            now = label_map(sample, 'pred_sem_seg')
            if now is None:
                raise DataError(f'LabelChange: image {image_id!r} has no pred_sem_seg.')
            (path,) = self.files(image_id)
            before = read_mask(path, IGNORE, tuple(now.shape), image_id=image_id)
            self._counts += change_counts(now.cpu(), torch.from_numpy(before))

    def evaluate(self, size: int) -> dict[str, float]:
        """Sum over the ranks and return the figures, the same on every rank."""
        counts, self._counts = self._counts, torch.zeros(7, dtype=torch.int64)
        dist.all_reduce(counts)
        pixels, labelled, foreground, was, was_foreground, both, changed = counts.tolist()
        shares = dict(
            changed=(changed, both),
            foreground=(foreground, labelled),
            foreground_before=(was_foreground, was),
            labelled=(labelled, pixels),
        )
        prefix = f'{self.prefix}/' if self.prefix else ''
        return {prefix + key: 100 * part / whole for key, (part, whole) in shares.items() if whole}
