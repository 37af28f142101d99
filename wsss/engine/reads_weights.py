# SPDX-License-Identifier: Apache-2.0
"""Components that read weights of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ReadsWeights(ABC):
    """Reads weights of earlier stages, whatever its own stage loads; says which they are.

    Example:
        >>> class Average(ReadsWeights):
        ...     located_by = ('members',)
        ...
        ...     @staticmethod
        ...     def weights_files(config):
        ...         return dict.fromkeys(config['members'])
        >>> Average.weights_files(dict(members=['a/weights.pth', 'b/weights.pth']))
        {'a/weights.pth': None, 'b/weights.pth': None}
    """

    located_by: tuple[str, ...] = ()
    """Arguments that say where the weights lie: a path or several."""

    @staticmethod
    @abstractmethod
    def weights_files(config: dict) -> dict[str, dict | None]:
        """Return path -> ``meta`` of the checkpoint there; None for a state dict alone.

        Args:
            config: That of the component.
        """
