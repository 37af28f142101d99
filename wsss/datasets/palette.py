# SPDX-License-Identifier: Apache-2.0
"""The colours of label ids."""

from __future__ import annotations


def make_palette(count: int) -> tuple[tuple[int, int, int], ...]:
    """Return the colours of PASCAL VOC for ids 0..count-1: the bits of an id, spread over RGB."""
    colours = []
    for label in range(count):
        rgb = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                rgb[channel] |= (label >> (3 * bit + channel) & 1) << (7 - bit)
        colours.append(tuple(rgb))
    return tuple(colours)
