# SPDX-License-Identifier: Apache-2.0
"""A comparison of refiners as text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from .compare_refiners import Comparison

MAX_LABELS = 10
"""With more labels the table shows no figures of each; the CSV does."""


_NOTE = (
    'mIoU and IoU in percent, of the images that are not held out. held_out: the threshold that '
    'the held-out images chose; oracle: the one that the truth of the reported images would '
    'choose, an upper bound. Seconds in one process.'
)


def markdown_table(
    comparison: Comparison, labels: Sequence[str], facts: Mapping[str, object]
) -> str:
    """Return what the figures are of, and one line per refiner; IoU at the first threshold shown.

    Args:
        comparison: The figures.
        labels: Names by label id, background first.
        facts: What all figures share, by name: split, images, seed and so on.
    """
    about = ', '.join(f'{name.replace("_", " ")} {value}' for name, value in facts.items())
    figures = {name: comparison.figures(name) for name in comparison.names}
    shown = labels if len(labels) <= MAX_LABELS else ()
    head = ['refiner']
    for i, each in enumerate(figures[comparison.names[0]]):
        head += [f'{each.protocol} threshold', f'{each.protocol} mIoU']
        head += [f'IoU {label}' for label in shown if i == 0]
    lines = [[*head, 's / image'], ['---'] * (len(head) + 1)]
    for name, found in figures.items():
        cells = [name.replace('|', '\\|')]
        for i, each in enumerate(found):
            cells += [f'{each.threshold:.2f}', f'{each.miou:.2f}']
            cells += [_percent(value) for value in each.ious[: len(shown)] if i == 0]
        lines.append([*cells, _seconds(comparison.seconds_per_image(name), 3)])
    table = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
    return f'{about}\n\n{table}\n\n{_NOTE}\n'


def csv_table(
    comparison: Comparison,
    labels: Sequence[str],
    chains: Mapping[str, Sequence[dict]],
    facts: Mapping[str, object],
) -> str:
    """Return one line per refiner and threshold, with the IoU of every label.

    Args:
        comparison: The figures.
        labels: Names by label id, background first.
        chains: Configs of the refiners by name.
        facts: What all lines share, by column.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    ious = [f'IoU_{label}' for label in labels]
    head = ['refiner', 'config', 'protocol', 'threshold', 'mIoU', *ious, 'seconds_per_image']
    writer.writerow([*head, *facts])
    for name in comparison.names:
        config = json.dumps(list(chains.get(name, ())))
        seconds = _seconds(comparison.seconds_per_image(name), 4)
        for each in comparison.figures(name):
            values = [_percent(value) for value in (each.miou, *each.ious)]
            row = [name, config, each.protocol, f'{each.threshold:.2f}', *values, seconds]
            writer.writerow([*row, *facts.values()])
    return text.getvalue()


def _percent(value: float) -> str:
    return '' if value != value else f'{value:.2f}'


def _seconds(value: float | None, digits: int) -> str:
    return '' if value is None else f'{value:.{digits}f}'
