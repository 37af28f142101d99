# SPDX-License-Identifier: Apache-2.0
"""Picture of a threshold curve."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..fileio import write_bytes

_NAMES = {'all': 'all images', 'held_out': 'held-out images', 'rest': 'other images'}
_COLOURS = {'all': '#888888', 'held_out': '#d97706', 'rest': '#1f5fa8'}


def plot_curve(curve: dict, path: str | Path, title: str = '') -> None:
    """Draw mIoU over the threshold as a PNG, with the chosen and the oracle threshold marked.

    Args:
        curve: What :meth:`wsss.evaluation.ThresholdCurve.to_dict` returns; ``chosen`` and
            ``oracle`` may be added, each a dict with ``threshold``, the oracle's with ``mIoU``.
        path: The file.
        title: Shown above the picture.
    """
    # no pyplot: its global state and its display are not needed for a file
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    parts = [part for part in ('held_out', 'rest') if part in curve['parts']]
    for part in parts:
        values = np.array(curve['parts'][part]['mIoU'], dtype=float)
        count = curve['parts'][part]['num_images']
        label = f'{_NAMES[part] if len(parts) > 1 else "images"} ({count})'
        axes.plot(curve['thresholds'], values, color=_COLOURS[part], label=label)
    chosen, oracle = curve.get('chosen'), curve.get('oracle')
    if chosen:
        label = f'{chosen["threshold"]:.3g} ({chosen["protocol"]})'
        axes.axvline(chosen['threshold'], color='black', linewidth=1, linestyle='--', label=label)
    if oracle:
        label = f'oracle {oracle["threshold"]:.3g}: {oracle["mIoU"]:.2f}'
        axes.plot(oracle['threshold'], oracle['mIoU'], 'o', color='#b91c1c', label=label)
    axes.set(xlabel='background threshold', ylabel='mIoU (%)', title=title)
    axes.set_xlim(min(curve['thresholds']), max(curve['thresholds']) + 1e-9)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=120)
    write_bytes(path, buffer.getvalue())
