# SPDX-License-Identifier: Apache-2.0
"""Which implementation runs a dense CRF."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...errors import ConfigError, near_matches
from .compiled import CompiledCRF, is_installed
from .exact import ExactCRF
from .lattice import LatticeCRF
from .params import CRFParams

# labels, background among them, from which on the compiled library is faster
MANY_LABELS = 5


class CRF(Protocol):
    """Mean field of one image, for any number of unaries and settings."""

    def __init__(self, image: np.ndarray): ...

    def infer(self, unary: np.ndarray, params: CRFParams) -> np.ndarray:
        """Return float32 probabilities ``(L, H, W)`` from energies ``(L, H, W)``."""
        ...


ENGINES: dict[str, type[CRF]] = {
    'lattice': LatticeCRF,
    'pydensecrf': CompiledCRF,
    'exact': ExactCRF,
}


def check_engine(engine: str) -> str:
    """Return the config value ``engine`` if it can be used here.

    Raises:
        ConfigError: If it is unknown, or its package is not installed.
    """
    allowed = ['auto', *ENGINES]
    if engine not in allowed:
        raise ConfigError(
            f'crf.engine={engine!r} is unknown.{near_matches(str(engine), allowed)} '
            f'Allowed: {", ".join(allowed)}.'
        )
    if engine == 'pydensecrf' and not is_installed():
        raise ConfigError(
            "crf.engine='pydensecrf' needs the package pydensecrf2 and a C++ compiler to build it: "
            "pip install 'wsss[crf]'. engine='lattice' needs neither and gives the same labels."
        )
    return engine


def choose_engine(engine: str, num_labels: int) -> type[CRF]:
    """Return the class to use for an image of ``num_labels`` labels, background among them.

    ``auto`` takes the lattice up to four labels, and above them pydensecrf where it is installed.
    """
    if engine == 'auto':
        engine = 'pydensecrf' if num_labels >= MANY_LABELS and is_installed() else 'lattice'
    return ENGINES[engine]
