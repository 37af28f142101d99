# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: interleaved timing, memory setting, printing.

Ratios are only comparable inside one run on one machine: the ways are timed in turn, round after
round, and medians are divided. The allocator is told to keep freed memory for all of them
(``--default-malloc`` leaves it as it is), because page faults otherwise cost more than the work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from wsss.engine.launch import keep_freed_memory


def make_parser(description: str, rounds: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the flags that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--json', action='store_true', help='print one line of JSON, nothing else')
    parser.add_argument('--rounds', type=int, default=rounds, help='how often each way is timed')
    parser.add_argument('--threads', type=int, default=1, help='threads of PyTorch')
    parser.add_argument(
        '--default-malloc', action='store_true', help='do not keep freed memory between rounds'
    )
    return parser


def prepare(args: argparse.Namespace) -> dict[str, Any]:
    """Apply the common flags and return the conditions of the run."""
    if args.rounds < 1 or args.threads < 1:
        raise SystemExit(f'--rounds and --threads must be >= 1, got {args.rounds}, {args.threads}')
    torch.set_num_threads(args.threads)
    kept = False if args.default_malloc else keep_freed_memory()
    return dict(
        machine=f'{platform.machine()}, {os.cpu_count()} cores',
        load=round(os.getloadavg()[0], 2) if hasattr(os, 'getloadavg') else None,
        torch=torch.__version__,
        threads=args.threads,
        rounds=args.rounds,
        keeps_freed_memory=kept,
    )


def seconds(function: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long one call takes, work on the accelerator included."""
    start = clock()
    function()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return clock() - start


def interleaved(
    ways: dict[Any, Callable[[], Any]],
    rounds: int,
    warm_up: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Any, list[float]]:
    """Time all ways in turn, ``rounds`` times.

    Every other round runs in reverse order, so that no way always follows the same one.

    Args:
        ways: What is called, by name.
        rounds: How often.
        warm_up: Call each once before.
        clock: ``time.process_time`` for the time of the processor alone.

    Returns:
        Seconds of every call by name.
    """
    if warm_up:
        for function in ways.values():
            function()
    times: dict[Any, list[float]] = {name: [] for name in ways}
    for i in range(rounds):
        names = list(ways)
        for name in names if i % 2 == 0 else reversed(names):
            times[name].append(seconds(ways[name], clock))
    return times


def medians(times: dict[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each list."""
    return {name: statistics.median(values) for name, values in times.items()}


def time_row(name: str, values: Sequence[float], per: int = 1, unit: str = 'image') -> list[str]:
    """Return a row of a table: name, median, range, milliseconds per unit of work."""
    middle = statistics.median(values)
    return [
        name,
        f'{middle:.4g} s',
        f'{min(values):.4g}-{max(values):.4g}',
        f'{1000 * middle / per:.3g} ms/{unit}',
    ]


def report(
    name: str,
    rows: Sequence[Sequence[str]],
    figures: dict[str, float],
    conditions: dict[str, Any],
    as_json: bool,
) -> None:
    """Print the result: a table to read, or exactly one line of JSON.

    Args:
        name: Of the benchmark.
        rows: Rows of the table, of equal length.
        figures: ``ratio*`` (how many times faster, or what the name says) and ``max_abs_diff*``.
        conditions: What :func:`prepare` returned.
        as_json: Which of the two.
    """
    if as_json:
        print(json.dumps({'benchmark': name, **figures, 'conditions': conditions}))
        return
    print(f'{name}: ' + ', '.join(f'{key} {value}' for key, value in conditions.items()))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        print('  ' + '  '.join(cells))
    for key, value in figures.items():
        print(f'  {key} = {value:.4g}')
