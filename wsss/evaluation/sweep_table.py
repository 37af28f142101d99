# SPDX-License-Identifier: Apache-2.0
"""The rows of a sweep: written as a table, drawn as a picture, the best of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..fileio import write_bytes
from .sweep_counts import CHOOSES

# first what evaluate_all_models.py of the project that the sweep is of has, in its order
_FIRST = ('Model', 'Threshold', 'mIoU')
Row = dict[str, Any]


def best_row(rows: Sequence[Row], part: str) -> Row | None:
    """Return the row of a part with the best mIoU (M0), or None if it has none.

    Of equal ones the first wins: the earliest epoch, then the lowest threshold.
    """
    known = [row for row in rows if row['part'] == part and row[CHOOSES] is not None]
    return max(known, key=lambda row: row[CHOOSES], default=None)


def write_table(rows: Sequence[Row], path: str | Path) -> None:
    """Write the rows as CSV: held-out images first, then the others, by epoch and threshold."""
    by_class = [name for name in rows[0] if name.startswith('Class ')]
    first = [*_FIRST, *by_class]
    names = [*first, *(name for name in rows[0] if name not in first)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(names)
    for row in sorted(rows, key=lambda row: row['part']):  # held_out, rest; stable
        writer.writerow([_cell(row[name]) for name in names])
    write_bytes(path, text.getvalue().encode())


def _cell(value: Any) -> Any:
    return f'{value:.6g}' if isinstance(value, float) else value


def plot_table(rows: Sequence[Row], path: str | Path, title: str = '') -> None:
    """Draw the mIoU (M0) of the held-out images over epochs and thresholds, the best marked.

    Args:
        rows: Of all epochs at the same thresholds.
        path: The file, a PNG.
        title: Shown above the picture.
    """
    # no pyplot: its global state and its display are not needed for a file
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [row for row in rows if row['part'] == 'held_out']
    epochs = sorted({row['epoch'] for row in shown})
    thresholds = sorted({row['Threshold'] for row in shown})
    values = np.array([row[CHOOSES] for row in shown], dtype=float)
    best = best_row(rows, 'held_out')
    figure = Figure(figsize=(2.4 + 0.42 * len(epochs), 1.6 + 0.3 * len(thresholds)))
    figure.set_layout_engine('constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(
        values.reshape(len(epochs), len(thresholds)).T, origin='lower', aspect='auto'
    )
    figure.colorbar(image, label='mIoU (%), held-out images')
    axes.set_xticks(range(len(epochs)), epochs)
    axes.set_yticks(range(len(thresholds)), [f'{value:.3g}' for value in thresholds])
    axes.set(xlabel='epoch', ylabel='background threshold', title=title)
    if best is not None:
        label = f'epoch {best["epoch"]}, {best["Threshold"]:.3g}: {best[CHOOSES]:.2f}'
        place = (epochs.index(best['epoch']), thresholds.index(best['Threshold']))
        axes.plot(*place, 's', color='#b91c1c', fillstyle='none', markersize=14, label=label)
        axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=120)
    write_bytes(path, buffer.getvalue())
