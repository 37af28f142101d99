# SPDX-License-Identifier: Apache-2.0
"""The background that refiners give to maps without one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..checks import check_number, check_unit
from ..errors import ConfigError
from ..ops.background_power import background_power
from ..structures import ScoreMaps


@dataclass(frozen=True)
class Background:
    """A background score for maps that have none: a power of what classes leave, or a constant.

    Args:
        owner: The refiner, for messages.
        power: Background score ``(1 - max_k M_k)^power``.
        threshold: A constant score instead.

    Raises:
        ConfigError: If a value is not usable, or both are given.
    """

    owner: str
    power: float | None = None
    threshold: float | None = None

    def __post_init__(self):
        if self.power is not None and self.threshold is not None:
            raise ConfigError(f'{self.owner}: give bg_power or bg_threshold, not both.')
        if self.power is not None:
            check_number(self.power, f'{self.owner}.bg_power', 0, above=True)
        check_unit(self.threshold, f'{self.owner}.bg_threshold', optional=True)

    def at_full_size(self, maps: ScoreMaps) -> ScoreMaps:
        """Return maps at the size of the image, with a background if there is to be one.

        An image without classes is background everywhere.
        """
        full = maps.resized()
        if not len(maps.keys):
            return replace(full, background=torch.ones(maps.size, device=full.scores.device))
        return self.given_to(full)

    def given_to(self, maps: ScoreMaps) -> ScoreMaps:
        """Return the maps with a background: their own, else the one given here, if there is."""
        if maps.background is not None or (self.power is None and self.threshold is None):
            return maps
        best = maps.scores.amax(dim=0)
        if self.power is not None:
            return replace(maps, background=background_power(best, self.power))
        return replace(maps, background=torch.full_like(best, self.threshold))
