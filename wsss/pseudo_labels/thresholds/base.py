# SPDX-License-Identifier: Apache-2.0
"""What every source of a background threshold does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ...checks import check_unit
from ...errors import ConfigError
from ...evaluation.threshold_curve import ThresholdCurve

DEFAULT_GRID = tuple(i / 100 for i in range(101))
"""0.00, 0.01, ... 1.00."""


@dataclass(frozen=True)
class ThresholdChoice:
    """A background threshold, or one for each label, and where it comes from.

    Args:
        value: In [0, 1]; None if every label has its own.
        protocol: ``fixed``, ``oracle``, ``held_out``, ``label_free``, ``per_class`` or ``earlier
            (<its protocol>)``.
        chosen_on: In words, the images whose truth chose it, or what else did.
        num_images: How many images' truth was looked at.
        values: In [0, 1], one for each label 1..K, or None.
    """

    value: float | None
    protocol: str
    chosen_on: str
    num_images: int
    values: tuple[float, ...] | None = None

    def to_dict(self) -> dict:
        """Return the fields, for JSON."""
        return asdict(self)


class Threshold(ABC):
    """Where the background threshold comes from.

    Args:
        thresholds: Strictly increasing numbers in [0, 1]: what a search tries, and the points of
            the curve that is drawn in any case. Default 0.00, 0.01, ... 1.00.

    Raises:
        ConfigError: For values out of range or order.
    """

    protocol: str
    """Printed with every number that depends on the threshold."""

    reads_scores: bool = False
    """Whether the curve must count the scores of images without truth as well."""

    def __init__(self, thresholds: Sequence[float] | None = None):
        values = DEFAULT_GRID if thresholds is None else thresholds
        self.thresholds = check_grid(values, f'{type(self).__name__}.thresholds')

    def grid(self) -> tuple[float, ...]:
        """Return the thresholds that the curve must have."""
        return self.thresholds

    @abstractmethod
    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the threshold.

        Args:
            curve: Of the images of the stage, reduced over the ranks, with :meth:`grid` among its
                thresholds; it may be empty where no image has truth.

        Raises:
            ConfigError: If the choice needs truth that is not there.
        """


def check_grid(thresholds: Sequence[float], name: str) -> tuple[float, ...]:
    """Return strictly increasing thresholds in [0, 1], at least one.

    Args:
        thresholds: What the config says.
        name: The config key, for the message.

    Raises:
        ConfigError: For anything else.
    """
    values = list(thresholds)
    if not values:
        raise ConfigError(f'{name} must be a list of numbers in [0, 1], got {thresholds!r}')
    checked = tuple(check_unit(value, f'{name}[{i}]') for i, value in enumerate(values))
    if any(right <= left for left, right in zip(checked, checked[1:])):
        raise ConfigError(f'{name} must be strictly increasing, got {thresholds!r}')
    return checked


def join_grid(thresholds: Sequence[float], *values: float) -> tuple[float, ...]:
    """Return the sorted thresholds with ``values`` among them."""
    return tuple(sorted({*thresholds, *values}))
