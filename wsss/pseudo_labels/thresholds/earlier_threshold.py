# SPDX-License-Identifier: Apache-2.0
"""The threshold that an earlier stage chose."""

from __future__ import annotations

from collections.abc import Sequence

from ...datasets.reads_files import ReadsFiles
from ...errors import ConfigError, DataError
from ...evaluation.threshold_curve import ThresholdCurve
from ...fileio import read_json
from ...registry import THRESHOLDS
from .base import Threshold, ThresholdChoice, join_grid


@THRESHOLDS.register_module()
class EarlierThreshold(Threshold, ReadsFiles):
    """The ``threshold.json`` of an earlier stage, which worked on another split.

    It holds one threshold, or one for each label.

    Args:
        file: The file, such as ``@pseudo_labels/threshold.json``; read when the stage runs.
        thresholds: Points of the curve that is drawn where there is truth.

    Raises:
        ConfigError: If ``file`` is not a path.

    Example:
        >>> EarlierThreshold(file='@pseudo_labels/threshold.json').protocol
        'earlier'
    """

    protocol = 'earlier'
    located_by = ('file',)

    def __init__(self, file: str, thresholds: Sequence[float] | None = None):
        super().__init__(thresholds)
        if not isinstance(file, str) or not file:
            raise ConfigError(f'EarlierThreshold.file must be a path, got {file!r}')
        self.file = file

    def files(self, image_id: str) -> list[str]:
        """Return the one file of all images."""
        return [self.file]

    def grid(self) -> tuple[float, ...]:
        """Return the points of the curve with the earlier value among them."""
        earlier = self._read()
        return join_grid(self.thresholds, *(earlier['values'] or [earlier['value']]))

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the earlier value; ``chosen_on`` says how and on which split it was chosen."""
        earlier = self._read()
        how = (
            f'{earlier.get("chosen_on")} of the split {earlier.get("split")} '
            f'(protocol {earlier.get("protocol")})'
        )
        protocol = f'{self.protocol} ({earlier.get("protocol")})'
        images = int(earlier.get('num_images') or 0)
        return ThresholdChoice(earlier['value'], protocol, how, images, earlier['values'])

    def _read(self) -> dict:
        content = read_json(self.file, 'threshold file')
        value, values = (
            content.get(key) if isinstance(content, dict) else None for key in ('value', 'values')
        )
        if isinstance(values, list) and values and all(_is_unit(number) for number in values):
            return {**content, 'value': None, 'values': tuple(float(number) for number in values)}
        if not _is_unit(value):
            raise DataError(
                f'threshold file {self.file} holds no value in [0, 1] (value: {value!r}, values: '
                f'{values!r}). It must be the threshold.json of a pseudo-label stage whose labeler '
                'has a threshold; run that stage again with --redo.'
            )
        return {**content, 'value': float(value), 'values': None}


def _is_unit(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value <= 1
