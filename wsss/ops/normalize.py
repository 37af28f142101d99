# SPDX-License-Identifier: Apache-2.0
"""Bring activation maps to [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import ConfigError, near_matches

NORMALIZATIONS = ('max', 'minmax', 'none')


def check_normalization(mode: str, where: str) -> str:
    """Return ``mode`` if :func:`normalize_maps` knows it.

    Args:
        mode: What the config says.
        where: The config key it came from.

    Raises:
        ConfigError: For another mode.
    """
    if mode not in NORMALIZATIONS:
        raise ConfigError(
            f'{where}: unknown normalisation {mode!r}.{near_matches(str(mode), NORMALIZATIONS)} '
            f'Allowed: {", ".join(NORMALIZATIONS)}.'
        )
    return mode


def normalize_maps(maps: Tensor, mode: str = 'max', eps: float = 1e-5) -> Tensor:
    """Normalise each map by its own extremes.

    A map without any response stays all zero whatever the mode; dividing by its raw maximum would
    give NaN (Zhou et al., CVPR 2016, and the code of PSA and IRN, add ``eps`` for this reason).

    Args:
        maps: float ``(..., h, w)``, at least 0.
        mode: ``max``: ``m / (max + eps)``; ``minmax``: ``(m - min) / (max - min + eps)``, which
            makes a threshold relative to the weakest response and a constant map blank; ``none``:
            as they are.
        eps: Added to the denominator; maps with a maximum far below it stay weak.

    Returns:
        Maps of the same shape, in [0, 1] unless ``mode`` is ``none``.

    Example:
        >>> normalize_maps(torch.tensor([[[0.0, 2.0], [1.0, 4.0]]]), eps=0.0)
        tensor([[[0.0000, 0.5000],
                 [0.2500, 1.0000]]])
    """
    check_normalization(mode, 'mode')
    if mode == 'none' or maps.numel() == 0:
        return maps
    if mode == 'minmax':
        maps = maps - maps.amin(dim=(-2, -1), keepdim=True)
    # tiny instead of 0, so that eps=0 cannot make 0 / 0
    tiny = torch.finfo(maps.dtype).tiny
    return maps / (maps.amax(dim=(-2, -1), keepdim=True) + max(eps, tiny))
