# SPDX-License-Identifier: Apache-2.0
"""A comparison of runs as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from .compare_runs import FACTS, MAX_LABELS, Row, Table, show
from .run_results import Run

_SEEDS_NOTE = (
    '± is the standard deviation of a sample (n - 1) over results that differ in the seed alone; n '
    'is their number.'
)


def markdown_text(runs: Sequence[Run], tables: Sequence[Table], group_seeds: bool = False) -> str:
    """Return a table of the runs, then those of the stages, each with what its figures are of."""
    parts = [_overview(runs)]
    stage = None
    for table in tables:
        if table.stage != stage:
            stage = table.stage
            parts.append(f'## {_cell(stage)}')
        if table.differs:
            parts.append(
                '**Not to be compared with the first table of this stage:** '
                f'{"; ".join(table.differs)}.'
            )
        parts.append(_facts_line(table))
        parts.append(_rows(table, group_seeds))
        parts += [f'{remark}.' for remark in table.remarks]
    if group_seeds:
        parts.append(_SEEDS_NOTE)
    return '\n\n'.join(part for part in parts if part) + '\n'


def csv_text(runs: Sequence[Run], tables: Sequence[Table]) -> str:
    """Return one line for each row of each table, with all figures that any table shows.

    Rows with the same ``stage`` and ``table`` may be compared, no others.
    """
    configs = {run.name: run.config for run in runs}
    figures = list(dict.fromkeys(name for table in tables for name in table.figures))
    facts = list(dict.fromkeys([*FACTS, *(key for table in tables for key in table.facts)]))
    values = list(dict.fromkeys(['seconds', 'threshold', *figures]))
    head = ['stage', 'table', 'runs', 'config', 'n', 'seeds', 'processes', 'device', 'annotations']
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow([*head, *(c for v in values for c in (v, f'{v} sd')), *facts])
    numbers: dict[str, int] = {}
    for table in tables:
        numbers[table.stage] = numbers.get(table.stage, 0) + 1
        for row in table.rows:
            cells = [table.stage, numbers[table.stage], _names(row)]
            cells += [configs[row[0].run], len(row)]
            cells += [_listed(row, key) for key in ('seed', 'world_size', 'device')]
            cells.append(_annotations(row))
            for name in values:
                found = _values(row, name)
                cells += [repr(mean(found)) if found else '', _spread(found, repr)]
            shared = (table.facts.get(fact) for fact in facts)
            writer.writerow([*cells, *('' if value is None else show(value) for value in shared)])
    return text.getvalue()


def _overview(runs: Sequence[Run]) -> str:
    head = ['run', 'folder', 'config', 'seed', 'processes', 'stages done', 'seconds']
    lines = []
    for run in runs:
        row = tuple(run.results.values())
        done, total = len(run.results), len(run.results) + len(run.unfinished)
        rest = '; '.join(f'{stage} {state}' for stage, state in run.unfinished.items())
        own = [r.record.get('seconds') or 0 for r in row if not r.reused]
        lines.append(
            [run.name, run.folder, run.config, _listed(row, 'seed'), _listed(row, 'world_size'),
             f'{done} of {total}{f" ({rest})" if rest else ""}', f'{sum(own):.0f}']
        )  # fmt: skip
    return _table(head, lines)


def _facts_line(table: Table) -> str:
    return '; '.join(
        f'{key.replace("_", " ")} {show(value, MAX_LABELS)}'
        for key, value in table.facts.items()
        if value is not None
    )


def _rows(table: Table, group_seeds: bool) -> str:
    columns = [*table.figures]
    if 'threshold' not in columns and any(_values(row, 'threshold') for row in table.rows):
        columns.append('threshold')
    annotated = any(_annotations(row) for row in table.rows)
    head = ['run', *columns, *(['n'] if group_seeds else []), 'seed', 'processes', 'seconds']
    head += ['besides image labels'] if annotated else []
    lines = []
    for row in table.rows:
        cells = [_names(row), *(_shown(row, name, 2) for name in columns)]
        cells += [len(row)] if group_seeds else []
        cells += [_listed(row, 'seed'), _listed(row, 'world_size'), _shown(row, 'seconds', 1)]
        lines.append(cells + ([_annotations(row)] if annotated else []))
    return _table(head, lines)


def _values(row: Row, name: str) -> list:
    """Return a figure, the seconds or the threshold of all results; empty if one has none."""
    noted = name in ('seconds', 'threshold')
    found = [(r.record if noted else r.figures).get(name) for r in row]
    return [] if any(value is None or value != value for value in found) else found


def _shown(row: Row, name: str, digits: int) -> str:
    found = _values(row, name)
    if not found:
        return ''
    if len(found) == 1 and isinstance(found[0], int):
        return str(found[0])
    spread = _spread(found, lambda value: f' ± {value:.{digits}f}')
    return f'{mean(found):.{digits}f}{spread}'


def _spread(values: Sequence[float], form: Any) -> str:
    return form(stdev(values)) if len(values) > 1 else ''


def _names(row: Row) -> str:
    return ', '.join(result.run for result in row)


def _listed(row: Row, key: str) -> str:
    """Return the different values of an entry of the records, in order."""
    found = (result.record.get(key) for result in row)
    return ', '.join(dict.fromkeys(str(value) for value in found if value is not None))


def _annotations(row: Row) -> str:
    return ', '.join(row[0].record.get('annotation_source') or ())


def _table(head: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    rows = [head, ['---'] * len(head), *lines]
    return '\n'.join(f'| {" | ".join(map(_cell, row))} |' for row in rows)


def _cell(value: Any) -> str:
    return str(value).replace('|', '\\|').replace('\n', ' ')
