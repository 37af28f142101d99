# SPDX-License-Identifier: Apache-2.0
"""The report about a data set as lines to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

WHOLE_MATRIX = 12


def report_text(name: str, report: dict[str, Any], pairs: int = 20) -> str:
    """Return the report of :func:`wsss.datasets.check.check_dataset` as text.

    Args:
        name: Key of the data set in the config.
        report: Its report.
        pairs: How many pairs of classes are listed where there are too many for a matrix.
    """
    lines = [
        f'data.{name}: {report["type"]}, split {report["split"]!r}, {report["images"]} images '
        f'({report["images_without_class"]} without any class, {report["images_with_mask"]} with '
        f'mask, {report["images_held_out"]} held out, {report["boxes"]} boxes)'
    ]
    if report['sizes']:
        low_high = '; '.join(
            f'{side} {low:g} / {middle:g} / {high:g}'
            for side, (low, middle, high) in report['sizes'].items()
        )
        lines.append(f'  sizes in pixels (min / median / max): {low_high}')
    counts = ', '.join(f'{n}: {count}' for n, count in report['classes_per_image'].items())
    lines.append(f'  images by number of classes: {counts}')
    lines += _classes(report['classes'])
    lines += cooccurrence_lines(
        [row['name'] for row in report['classes']], np.asarray(report['cooccurrence']), pairs
    )
    lines += _values(report['mask_values'])
    lines += _differences(report['disagreements'])
    problems = report['problems']
    lines += [f'  PROBLEM {row["image_id"]}: {row["problem"]}' for row in problems]
    what = 'all files are readable' if report['decoded'] else 'all headers are readable'
    lines.append(f'  {len(problems)} problems' if problems else f'  {what}')
    return '\n'.join(lines)


def _classes(rows: Sequence[dict]) -> list[str]:
    width = max(len(row['name']) for row in rows)
    lines = [f'  {"class":<{width + 4}}  images   share']
    for number, row in enumerate(rows):
        note = '   no image shows it' if not row['images'] else ''
        lines.append(
            f'  {number:>3} {row["name"]:<{width}}  {row["images"]:6d}  {row["share"]:6.1%}{note}'
        )
    return lines


def cooccurrence_lines(names: Sequence[str], counts: np.ndarray, pairs: int) -> list[str]:
    """Return which classes are seen together.

    Args:
        names: K class names.
        counts: int ``(K, K)``: images that show both classes; of a class alone on the diagonal.
        pairs: How many pairs to list; up to :data:`WHOLE_MATRIX` classes the matrix is shown.
    """
    off = np.triu(counts, 1)
    if not off.any():
        return ['  no image shows two classes']
    if len(names) <= WHOLE_MATRIX:
        width = max(6, *(len(name) for name in names))
        lines = ['  images that show both classes (diagonal: the class)']
        lines.append(f'  {"":<{width}} ' + ' '.join(f'{name:>{width}}' for name in names))
        for name, row in zip(names, counts.tolist()):
            lines.append(
                f'  {name:<{width}} ' + ' '.join(f'{count or ".":>{width}}' for count in row)
            )
        return lines
    first, second = np.nonzero(off)
    order = np.argsort(-off[first, second], kind='stable')[:pairs]
    lines = [f'  pairs seen together most ({len(order)} of {len(first)})']
    width = max(len(f'{names[first[i]]} + {names[second[i]]}') for i in order)
    lines.append(f'  {"a + b":<{width}}  images  of a  of b')
    for i in order:
        a, b = first[i], second[i]
        both = counts[a, b]
        lines.append(
            f'  {f"{names[a]} + {names[b]}":<{width}}  {both:6d}  {both / counts[a, a]:4.0%}  '
            f'{both / counts[b, b]:4.0%}'
        )
    return lines


def _values(rows: Sequence[dict]) -> list[str]:
    if not rows:
        return []
    lines = ['  value in masks -> label          pixels   share  images']
    for row in rows:
        label = 'not allowed' if row['label'] is None else f'{row["label"]} {row["name"]}'
        lines.append(
            f'  {row["value"]:>5} -> {label:<20.20}  {row["pixels"]:10d}  {row["share"]:6.2%}  '
            f'{row["images"]:6d}'
        )
    return lines


def _differences(found: dict) -> list[str]:
    lines = []
    for key, what in (
        ('labelled_without_pixels', 'images have a label whose class has no pixel in the mask'),
        ('pixels_without_label', 'images have pixels of a class that their label does not name'),
    ):
        if found[key]:
            lines.append(f'  {found[key]} {what}, such as {", ".join(found[f"examples_{key}"])}')
    return lines
