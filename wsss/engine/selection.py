# SPDX-License-Identifier: Apache-2.0
"""Which stages of a pipeline a start is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import ConfigError, near_matches


@dataclass
class Selection:
    """Which stages to run.

    Args:
        only: Just this one.
        first: From this one on.
        last: Up to this one.
        redo: Throw these away first, and what depends on them; ``stale`` means all stale ones.
        reuse: Stage name -> folder with its results, used instead of running it.
    """

    only: str | None = None
    first: str | None = None
    last: str | None = None
    redo: Sequence[str] = ()
    reuse: dict[str, str] = field(default_factory=dict)

    def choose(self, pipeline: list[str]) -> list[str]:
        """Return the chosen stages in order."""
        for option, names in (
            ('--stage', [self.only]),
            ('--from', [self.first]),
            ('--until', [self.last]),
            ('--redo', [name for name in self.redo if name != 'stale']),
            ('--reuse', self.reuse),
        ):
            for name in names:
                if name is not None and name not in pipeline:
                    raise ConfigError(
                        f'{option} {name}: there is no such stage.{near_matches(name, pipeline)} '
                        f'Stages: {", ".join(pipeline)}.'
                    )
        if self.only is not None:
            return [self.only]
        begin = pipeline.index(self.first) if self.first else 0
        end = pipeline.index(self.last) + 1 if self.last else len(pipeline)
        if begin >= end:
            raise ConfigError(f'--from {self.first} comes after --until {self.last}.')
        return pipeline[begin:end]
