# SPDX-License-Identifier: Apache-2.0
"""Bring activation maps to [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import ConfigError, near_matches

# of maps that are logits of each cell; negative values count
LOGIT_NORMALIZATIONS = ('sigmoid', 'softmax')
NORMALIZATIONS = ('max', 'minmax', 'quantile', *LOGIT_NORMALIZATIONS, 'shares', 'none')


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


def normalize_maps(
    maps: Tensor, mode: str = 'max', eps: float = 1e-5, quantile: float = 0.995
) -> Tensor:
    """Normalise maps: by their own extremes, or as logits.

    A map without any response stays all zero in the modes of the first kind; dividing by its raw
    maximum would give NaN (Zhou et al., CVPR 2016, and the code of PSA and IRN, add ``eps`` for
    this reason).

    Args:
        maps: float ``(..., h, w)``, at least 0; for ``sigmoid`` and ``softmax`` logits of any sign,
            for the latter ``(..., K', h, w)`` with all classes of an image.
        mode: ``max``: ``m / (max + eps)``; ``minmax``: ``(m - min) / (max - min + eps)``, which
            makes a threshold relative to the weakest response and a constant map blank;
            ``quantile``: ``max`` after clipping at the value that a share of ``quantile`` of the
            cells does not exceed, so that single hot cells do not push the rest down (the maximum,
            where that value is 0); ``sigmoid``: ``1 / (1 + exp(-m))``; ``softmax``: over the maps
            and a background of logit 0, of which ``sigmoid`` is the case of one class; ``shares``:
            of a softmax that is done, cut to [0, 1]; ``none``: as they are.
        eps: Added to the denominator; maps with a maximum far below it stay weak.
        quantile: Share of cells, in (0, 1].

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
    if mode == 'shares':
        return maps.clamp(0, 1)
    if mode == 'sigmoid':
        return maps.sigmoid()
    if mode == 'softmax':
        background = maps.new_zeros(*maps.shape[:-3], 1, *maps.shape[-2:])
        return torch.cat([background, maps], dim=-3).softmax(dim=-3).narrow(-3, 1, maps.shape[-3])
    if mode == 'minmax':
        maps = maps - maps.amin(dim=(-2, -1), keepdim=True)
    top = maps.amax(dim=(-2, -1), keepdim=True)
    if mode == 'quantile':
        flat = maps.flatten(-2)
        rank = max(1, min(flat.shape[-1], round(quantile * flat.shape[-1])))
        limit = flat.kthvalue(rank, dim=-1).values[..., None, None]
        top = torch.where(limit > 0, limit, top)
        maps = torch.minimum(maps, top)
    # tiny instead of 0, so that eps=0 cannot make 0 / 0
    return maps / (top + max(eps, torch.finfo(maps.dtype).tiny))
