# SPDX-License-Identifier: Apache-2.0
"""Which implementation runs a dense CRF."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

from ...errors import ConfigError, near_matches
from .compiled import CompiledCRF, is_installed
from .exact import ExactCRF
from .lattice import LatticeCRF
from .params import CRFParams
from .torch_lattice import TorchLatticeCRF

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
    'torch': TorchLatticeCRF,
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


def make_crf(
    engine: str, image: np.ndarray, num_labels: int, device: torch.device | str = 'cpu'
) -> CRF:
    """Return the mean field of an image by the engine, on the device where it can use one.

    Args:
        engine: One of ``ENGINES``, or ``auto``: ``torch`` on a CUDA device, on others the lattice
            up to four labels, and above them pydensecrf where it is installed.
        image: uint8 RGB ``(H, W, 3)``.
        num_labels: Of the image, background among them.
        device: Of the stage.
    """
    device = torch.device(device)
    if engine == 'auto' and device.type == 'cuda':
        engine = 'torch'
    elif engine == 'auto':
        engine = 'pydensecrf' if num_labels >= MANY_LABELS and is_installed() else 'lattice'
    return TorchLatticeCRF(image, device) if engine == 'torch' else ENGINES[engine](image)
