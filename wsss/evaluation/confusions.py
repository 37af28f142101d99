# SPDX-License-Identifier: Apache-2.0
"""Which classes a classifier sees because of others that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def predicted_classes(scores: np.ndarray, multi_label: bool, threshold: float) -> np.ndarray:
    """Return which classes are predicted, bool ``(N, K)``.

    Args:
        scores: float ``(N, K)``.
        multi_label: True for the classes that reach ``threshold``, False for the best alone.
        threshold: Of the scores.
    """
    if multi_label:
        return scores >= threshold
    return np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]


def confusions(
    predicted: np.ndarray, targets: np.ndarray, names: Sequence[str], min_images: int = 3
) -> list[dict[str, Any]]:
    """Return the absent classes that are predicted beside a present one more often than by chance.

    For a present class p and another class a, the images with p and without a are compared with
    those that have neither: were p of no consequence, a would be predicted at the same rate. The
    difference counts if it is larger than two standard errors of the difference of two
    proportions. A classifier that takes the surroundings of p for a class gives maps of a that lie
    on p or on its surroundings.

    Args:
        predicted: bool ``(N, K)``.
        targets: bool ``(N, K)``.
        names: Of the classes.
        min_images: Pairs with fewer wrong predictions are left out.

    Returns:
        One dict for each pair, most excess images first: ``present``, ``predicted`` (names),
        ``images`` (wrong predictions), ``of`` (images with the one and without the other), ``rate``
        and ``chance`` (percent), ``excess`` (images more than by chance).
    """
    wrong = (predicted & ~targets).astype(np.float64)
    present, absent = targets.astype(np.float64), (~targets).astype(np.float64)
    hits, images = present.T @ wrong, present.T @ absent
    other_hits, others = wrong.sum(0) - hits, absent.sum(0) - images
    with np.errstate(divide='ignore', invalid='ignore'):
        rate, chance = hits / images, other_hits / others
        pooled = (hits + other_hits) / (images + others)
        error = np.sqrt(pooled * (1 - pooled) * (1 / images + 1 / others))
        sure = rate - chance > 2 * error
    excess = np.where(sure & (hits >= min_images), hits - images * chance, -np.inf)
    order = np.argsort(-excess, axis=None, kind='stable')[: np.isfinite(excess).sum()]
    return [
        dict(
            present=names[p],
            predicted=names[a],
            images=int(hits[p, a]),
            of=int(images[p, a]),
            rate=round(100 * float(rate[p, a]), 2),
            chance=round(100 * float(chance[p, a]), 2),
            excess=round(float(excess[p, a]), 2),
        )
        for p, a in zip(*np.unravel_index(order, excess.shape))
    ]


def co_occurrence(targets: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return in how many images each class stands beside each other class.

    Args:
        targets: bool ``(N, K)``.
        names: Of the classes.

    Returns:
        Class -> other class -> images, most frequent first; pairs that never meet and classes that
        are always alone have no entry.
    """
    counts = targets.astype(np.int64).T @ targets.astype(np.int64)
    np.fill_diagonal(counts, 0)
    table = {}
    for index in np.flatnonzero(counts.any(axis=1)):
        others = np.argsort(-counts[index], kind='stable')[: np.count_nonzero(counts[index])]
        table[names[index]] = {names[other]: int(counts[index, other]) for other in others}
    return table


def frequent_pairs(
    table: dict[str, dict[str, int]], images: dict[str, int], limit: int
) -> dict[str, dict[str, float]]:
    """Return the most frequent pairs of a co-occurrence table.

    Args:
        table: Of :func:`co_occurrence`.
        images: Class -> its images.
        limit: How many pairs.

    Returns:
        ``'a + b'`` -> ``images`` and ``share``, percent of the images of the rarer class.
    """
    pairs = {
        tuple(sorted((name, other))): count
        for name, row in table.items()
        for other, count in row.items()
    }
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    return {
        f'{a} + {b}': dict(images=count, share=round(100 * count / min(images[a], images[b]), 2))
        for (a, b), count in ranked
    }


def confusion_lines(found: Sequence[dict[str, Any]], show: int) -> list[str]:
    """Return the worst confusions as lines for the log."""
    lines = []
    if found and show:
        lines.append('  seen without being there, given another class (percent of its images):')
    lines += [
        f'    {row["predicted"]} given {row["present"]}: {row["rate"]:.1f} '
        f'({row["images"]} of {row["of"]} images), {row["chance"]:.1f} without it'
        for row in found[:show]
    ]
    if len(found) > show > 0:
        lines.append(f'    ... and {len(found) - show} more pairs')
    return lines
