# SPDX-License-Identifier: Apache-2.0
"""Colours of label ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

VOID_COLOUR = (224, 224, 192)


def voc_palette(num_labels: int = 256) -> np.ndarray:
    """Return the colours of PASCAL VOC for as many labels as wanted.

    The bits of an id are dealt to red, green and blue in turn, from the highest bit of the channel
    down, so near ids get far colours; id 0 is black (Everingham et al., VOC development kit).

    Args:
        num_labels: How many, 1..256.

    Returns:
        uint8 ``(num_labels, 3)``, RGB.

    Raises:
        ValueError: If ``num_labels`` is outside 1..256.

    Example:
        >>> voc_palette(3).tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    if not 1 <= num_labels <= 256:
        raise ValueError(f'num_labels must be in 1..256, got {num_labels}')
    ids = np.arange(num_labels)
    colours = np.zeros((num_labels, 3), dtype=np.uint8)
    for place in range(8):
        for channel in range(3):
            bit = (ids >> (3 * place + channel)) & 1
            colours[:, channel] |= (bit << (7 - place)).astype(np.uint8)
    return colours


def full_palette(palette: Sequence[Sequence[int]] | np.ndarray | None = None) -> np.ndarray:
    """Return 256 colours: those given, VOC's for the ids beyond them, and the void colour at 255.

    Args:
        palette: RGB triples by label id, or None.

    Returns:
        uint8 ``(256, 3)``, RGB.

    Raises:
        ValueError: If ``palette`` is not made of at most 256 RGB triples in 0..255.
    """
    colours = voc_palette(256)
    colours[255] = VOID_COLOUR
    if palette is not None and len(palette):
        given = np.asarray(palette)
        fits = given.ndim == 2 and given.shape[1] == 3 and len(given) <= 256
        if not fits or given.min() < 0 or given.max() > 255:
            raise ValueError(
                f'palette must be at most 256 RGB triples in 0..255, got shape {given.shape}'
            )
        colours[: len(given)] = given
    return colours
