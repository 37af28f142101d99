# SPDX-License-Identifier: Apache-2.0
"""From measurements to hours, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .parts import Part
from .trial import Trial

_HEAD = (
    'part', 'images', 'epochs', 'steps', 'batch', 'input', 'parameters', 'GFLOP / image', 'memory',
    'step here', 'loader / image',
)  # fmt: skip


@dataclass
class Assumptions:
    """What is taken for granted.

    Args:
        tflops: 10^12 operations that a GPU does in a second of training, all pauses included.
        gpus: Numbers of GPUs to estimate for.
        device: Where the steps were measured.
    """

    tflops: float = 15.0
    gpus: Sequence[int] = (1, 4)
    device: str = 'CPU'


@dataclass
class Row:
    """One part of a stage: what it does, and what was measured or went wrong.

    Args:
        part: The part.
        images: Of the data set.
        known_by: Where that number is from.
        epochs: How often every image is seen.
        steps: Batches.
        trial: What was measured; None if it could not be tried.
        problem: Why not.
    """

    part: Part
    images: int | None = None
    known_by: str | None = None
    epochs: float | None = None
    steps: int | None = None
    trial: Trial | None = None
    problem: str | None = None

    @property
    def flops(self) -> float:
        """Operations for one image."""
        return self.trial.step.flops / self.trial.images

    @property
    def memory(self) -> float:
        """Bytes at the full batch: what stays after the step once, the rest for each image."""
        step = self.trial.step
        return step.kept + (step.peak - step.kept) * self.part.batch / self.trial.batch

    @property
    def scaled(self) -> bool:
        """Whether fewer images than a batch were tried."""
        return self.trial is not None and self.trial.batch < self.part.batch

    def hours(self, gpus: int, tflops: float) -> tuple[float, str]:
        """Return hours and what they are spent on, the slowest of what runs side by side."""
        seen = self.images * self.epochs / gpus / 3600
        step = self.trial.step
        limits = {
            'GPU': self.flops / (tflops * 1e12),
            'loader': self.trial.pipeline_s * self.trial.rounds / max(self.part.workers, 1),
        }
        if not self.trial.parameters:  # no network: what the step takes is the CPU's
            limits['main process'] = step.seconds / self.trial.images
        slowest = max(limits, key=limits.get)
        return seen * limits[slowest], slowest


def markdown(rows: Sequence[Row], name: str, assumed: Assumptions) -> str:
    """Return the table of a config, its totals, and what is assumed.

    Args:
        rows: Of all parts of all chosen stages.
        name: Of the config.
        assumed: What is taken for granted.
    """
    head = [*_HEAD, *(f'hours, {_gpus(number)}' for number in assumed.gpus), 'bound by']
    lines = [f'# {name}', '', _line(head), _line(['---'] * len(head))]
    lines += [_line(_cells(row, assumed)) for row in rows]
    lines += ['', _totals(rows, assumed)]
    failed = [row for row in rows if row.problem]
    if failed:
        lines += ['', 'Could not be tried:', '']
        lines += [f'- {row.part.name}: {row.problem}' for row in failed]
    lines += ['', *_notes(rows, assumed)]
    return '\n'.join(lines) + '\n'


def _cells(row: Row, assumed: Assumptions) -> list[str]:
    part = row.part
    what = [part.name, _count(row.images), '', '', str(part.batch)]
    if row.epochs is not None:
        what[2:4] = f'{row.epochs:.4g}', _count(row.steps)
    if row.trial is None:
        return [*what, 'not tried', *[''] * (len(_HEAD) - 6 + len(assumed.gpus) + 1)]
    trial = row.trial
    hours = [row.hours(number, assumed.tflops) for number in assumed.gpus]
    return [
        *what,
        _sizes(trial.sizes),
        f'{trial.parameters / 1e6:.1f} M',
        _giga(row.flops),
        f'{row.memory / 2**30:.2f} GiB' + ' *' * row.scaled,
        f'{trial.step.seconds:.2f} s',
        f'{trial.pipeline_s * 1e3:.0f} ms',
        *(f'{value:.2f}' if value >= 0.01 else '< 0.01' for value, _ in hours),
        hours[0][1],
    ]


def _totals(rows: Sequence[Row], assumed: Assumptions) -> str:
    tried = [row for row in rows if row.trial is not None]
    hours = [
        f'{sum(row.hours(number, assumed.tflops)[0] for row in tried):.1f} h on {_gpus(number)}'
        for number in assumed.gpus
    ]
    most = max((row.memory for row in tried), default=0) / 2**30
    missing = len(rows) - len(tried)
    left_out = f' (without the {missing} that could not be tried)' * bool(missing)
    work = sum(row.images * row.epochs * row.flops for row in tried) / 1e15
    return (
        f'**Total{left_out}: {", ".join(hours)}; {work:.1f} PFLOP; {most:.1f} GiB of memory at '
        'most on one GPU.**'
    )


def _notes(rows: Sequence[Row], assumed: Assumptions) -> list[str]:
    lines = [
        f'- Measured on {assumed.device}, with random weights and generated pictures. A '
        'multiplication and an addition are two operations; of a training step the backward pass '
        'counts too.',
        f'- GPU: {assumed.tflops:g} TFLOP/s are done in effect by each. Loader: its workers '
        'work side by side, on a core each as fast as one here. Main process: no network, '
        'the measured seconds. Copying, start, evaluation and writing are left out elsewhere.',
        '- Memory: tensors alive at most on one GPU that has the whole batch; without the '
        'work space of libraries and the context of the GPU (0.5 to 1.5 GiB more).',
    ]
    known = sorted({row.known_by for row in rows if row.known_by})
    lines += [f'- Numbers of images are from {", ".join(known)}.'] if known else []
    scaled = sorted({(row.trial.batch, row.part.batch) for row in rows if row.scaled})
    if scaled:
        shown = ', '.join(f'{tried} of {batch}' for tried, batch in scaled)
        lines.append(
            f'- \\* Memory was measured at fewer images than a batch has ({shown}), scaled: what '
            'stays after the step is counted once, the rest grows with the images.'
        )
    return lines


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'


def _count(number: int | None) -> str:
    return '' if number is None else f'{number:,}'


def _giga(flops: float) -> str:
    value = flops / 1e9
    return f'{value:,.0f}' if value >= 100 else f'{value:.3g}' if value >= 0.01 else '0'


def _gpus(number: int) -> str:
    return f'{number} GPU{"s" * (number > 1)}'


def _sizes(sizes: Sequence[tuple[int, int]]) -> str:
    shown = [f'{height} x {width}' for height, width in sizes]
    return shown[0] if len(shown) == 1 else ' to '.join(shown[:: len(shown) - 1]) if shown else '-'
