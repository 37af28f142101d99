# SPDX-License-Identifier: Apache-2.0
"""Figures of a classifier, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .average_precision import average_precision


def health(
    scores: np.ndarray, targets: np.ndarray, names: Sequence[str], multi_label: bool
) -> dict[str, Any]:
    """Return the figures of a classifier in percent, JSON-able.

    Args:
        scores: float ``(N, K)``, finite.
        targets: bool ``(N, K)``.
        names: Of the classes.
        multi_label: True for average precision per class; False for the share of the images of a
            class whose highest score is that of a right class.

    Returns:
        ``figure`` (``AP`` or ``accuracy``), ``images``, ``metrics`` (mean figures), ``per_class``
        (name -> figure and number of images, worst first) and ``without_images`` (names).
    """
    positives = targets.sum(axis=0)
    if multi_label:
        figure = 'AP'
        values = average_precision(scores, targets) * 100
        metrics = {'mAP': _mean(values)}
    else:
        figure = 'accuracy'
        right = targets[np.arange(len(scores)), scores.argmax(axis=1)]
        with np.errstate(invalid='ignore'):
            values = (targets & right[:, None]).sum(axis=0) / positives * 100
        metrics = {
            'accuracy': round(float(right.mean()) * 100, 4),
            'mean_class_accuracy': _mean(values),
        }
    known = [index for index in range(len(names)) if positives[index]]
    known.sort(key=lambda index: (values[index], index))
    metrics[f'worst_class_{figure}'] = round(float(values[known[0]]), 4) if known else 0.0
    return dict(
        figure=figure,
        images=len(scores),
        metrics=metrics,
        per_class={
            names[i]: {figure: round(float(values[i]), 4), 'images': int(positives[i])}
            for i in known
        },
        without_images=[names[i] for i in range(len(names)) if not positives[i]],
    )


def _mean(values: np.ndarray) -> float:
    return round(float(np.nanmean(values)), 4) if np.isfinite(values).any() else 0.0


def health_table(report: dict[str, Any], show_worst: int) -> str:
    """Return the report as lines for the log."""
    figure, rows = report['figure'], list(report['per_class'].items())
    means = ', '.join(f'{name} {value:.1f}' for name, value in report['metrics'].items())
    lines = [f'Classifier on {report["images"]} images: {means} (percent)']
    shown = rows[:show_worst]
    width = max([len(name) for name, _ in shown] + [5])
    if shown:
        lines.append(f'  {"class":<{width}}  {figure:>8}  images')
    lines += [f'  {name:<{width}}  {row[figure]:8.1f}  {row["images"]:6d}' for name, row in shown]
    if len(rows) > len(shown) > 0:
        lines.append(f'  ... and {len(rows) - len(shown)} better classes')
    unknown = [name for name, row in rows if row[figure] == 0]
    if unknown:
        lines.append(f'  never recognised, their maps will be noise: {", ".join(unknown)}')
    if report['without_images']:
        lines.append(f'  without images here, left out: {", ".join(report["without_images"])}')
    return '\n'.join(lines)
