# SPDX-License-Identifier: Apache-2.0
"""The truth of an image with the band of its trimap counted one way or another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..datasets.mask_io import read_mask
from ..errors import ConfigError
from ..ops.confusion import IGNORE

BORDER_VALUE = 3
"""Value of the band in the trimaps of Oxford-IIIT Pet."""


class BorderTruth:
    """The mask file of one image, read when it is first needed.

    A truth that was loaded with the band ignored does not say any more where the band was, so the
    file is read again.

    Args:
        path: The mask file, ``mask_path`` of the sample.
        values: Value in the file -> label id, ``mask_values`` of the sample.
        name: Of the image, for messages.
    """

    def __init__(self, path: str | None, values: Mapping[int, int] | None, name: Any):
        self.path, self.values, self.name = path, values, name
        self._raw: np.ndarray | None = None

    def mapped(self, border: str, preset: str) -> Tensor:
        """Return the truth, uint8 ``(H, W)``, with the band as ``ignore``, ``fg`` or ``bg``.

        Args:
            border: What the band becomes.
            preset: Name of the preset that asks, for messages.

        Raises:
            ConfigError: If the sample does not name its file, or the file has no such band.
            DataError: If the file is damaged.
        """
        where = f'MaskMetric preset {preset} counts the band of a trimap as {border!r}'
        if self.path is None:
            raise ConfigError(
                f'{where}, but image {self.name!r} does not say where its mask file is. Add '
                "'mask_path' and 'mask_values' to meta_keys of the transform that packs the "
                'samples, and take the masks from the data set itself, not from mask_folder.'
            )
        if self.values is None or BORDER_VALUE not in self.values:
            raise ConfigError(
                f'{where}, but the mask files of this data set have no band (image {self.name!r}, '
                f'{self.path}). Use a preset with border=None, or M0.'
            )
        values = {int(value): int(label) for value, label in self.values.items()}
        classes = {v for k, v in values.items() if k != BORDER_VALUE} - {0, IGNORE}
        if border == 'fg' and len(classes) != 1:
            raise ConfigError(
                f'{where}, but image {self.name!r} has the classes {sorted(classes)} and the band '
                'could be of any.'
            )
        values[BORDER_VALUE] = {'ignore': IGNORE, 'bg': 0, 'fg': min(classes, default=0)}[border]
        if self._raw is None:
            identity = {value: value for value in values}
            self._raw = read_mask(self.path, 0, None, identity, str(self.name))
        table = np.zeros(256, dtype=np.uint8)
        table[list(values)] = list(values.values())
        return torch.from_numpy(table[self._raw])
