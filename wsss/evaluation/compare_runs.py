# SPDX-License-Identifier: Apache-2.0
"""Runs side by side: figures that may be compared in one table, others in another."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ..engine.fingerprint import digest
from ..errors import ConfigError, DataError, near_matches
from .run_results import Run, StageResult

FACTS = (
    'split images images_left_out images_without_truth held_out metric protocol '
    'threshold_chosen_on label_filter labels'.split()
)
"""What must be the same for figures to be of one table."""
MAX_LABELS = 10
"""Of more labels, text shows some."""
MAIN_FIGURES = ('mIoU', 'oracle_mIoU', 'mAP', 'accuracy')
_CLASS_FIGURES = ('IoU/', 'Dice/', 'Over/', 'Under/')


Row = tuple[StageResult, ...]
"""One result, or those of one setting with several seeds."""


@dataclass
class Table:
    """Figures of a stage that may be compared.

    Args:
        stage: Name of the stage.
        facts: What they share.
        differs: How ``facts`` differ from those of the stage's first table; empty for that one.
        rows: The figures.
        figures: Names of the figures to show.
        remarks: What the rows do not share and a reader should know.
    """

    stage: str
    facts: dict[str, Any]
    differs: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def compare_runs(
    runs: Sequence[Run],
    stages: Sequence[str] = (),
    metrics: Sequence[str] = (),
    group_seeds: bool = False,
) -> list[Table]:
    """Sort the results of runs into tables of figures that may be compared.

    Args:
        runs: The runs.
        stages: Only these; none for all.
        metrics: Only figures with these names, or names that match them as patterns (``IoU/*``);
            none for the main ones. A result without any of them is left out.
        group_seeds: Make one row of results that differ in nothing but the seed. Settings of the
            stage, its data, the version of the package and the number of processes must be the
            same, and so for all stages it reads from. A result that several runs share counts once.

    Returns:
        Tables in the order of the pipelines, the stage's first one before those that differ.

    Raises:
        ConfigError: If there is no such stage or figure.
        DataError: If no run has finished any of the stages.
    """
    known = list(dict.fromkeys(s for run in runs for s in (*run.results, *run.unfinished)))
    _check_stages(stages, known)
    shown = [stage for stage in known if not stages or stage in stages]
    found = [run.results[stage] for stage in shown for run in runs if stage in run.results]
    if not found:
        lines = [f'{run.name}: {s} {run.unfinished[s]}' for run in runs for s in shown]
        raise DataError(f'there is nothing to compare, no stage is finished. {"; ".join(lines)}.')
    names = list(dict.fromkeys(name for result in found for name in result.figures))
    if metrics:
        names = _matching(names, metrics)
        found = [result for result in found if set(names) & set(result.figures)]
    tables = list(_tables(found))
    by_name = {run.name: run for run in runs}
    for table in tables:
        results = [result for row in table.rows for result in row]
        if group_seeds:
            table.rows = _grouped(results, by_name)
        present = [n for n in names if any(n in result.figures for result in results)]
        table.figures = present if metrics else _main(present)
        table.remarks = list(_remarks(results, table.rows))
    return tables


def _check_stages(stages: Sequence[str], known: list[str]) -> None:
    for stage in stages:
        if stage not in known:
            raise ConfigError(
                f'--stage {stage}: no run has such a stage.{near_matches(stage, known)} Stages: '
                f'{", ".join(known)}.'
            )


def _matching(names: list[str], metrics: Sequence[str]) -> list[str]:
    for pattern in metrics:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f'--metric {pattern}: no stage has such a figure.{near_matches(pattern, names)} '
                f'Figures: {", ".join(sorted(names)) or "none"}.'
            )
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in metrics)]


def _main(names: list[str]) -> list[str]:
    """Return the main figures of all presets; where there are none, all but those of classes."""
    main = [name for name in names if name.rpartition('/')[2] in MAIN_FIGURES]
    return main or [name for name in names if not name.startswith(_CLASS_FIGURES)]


def _tables(results: Iterable[StageResult]) -> Iterator[Table]:
    """Yield a table for each stage and each set of facts, one result a row."""
    by_stage: dict[str, list[StageResult]] = {}
    for result in results:
        by_stage.setdefault(result.stage, []).append(result)
    for stage, group in by_stage.items():
        ambiguous = _ambiguous_presets(group)
        tables: dict[str, Table] = {}
        for result in group:
            facts = _facts(result, ambiguous)
            table = tables.setdefault(json.dumps(facts, default=repr), Table(stage, facts))
            table.rows.append((result,))
        first, *others = tables.values()
        for table in others:
            table.differs = [
                _difference(key, value, first.facts[key])
                for key, value in table.facts.items()
                if value != first.facts[key]
            ]
        yield from (first, *others)


def _difference(key: str, here: Any, there: Any) -> str:
    limit = MAX_LABELS if show(here, MAX_LABELS) != show(there, MAX_LABELS) else None
    return f'{key.replace("_", " ")} {show(here, limit)}, there {show(there, limit)}'


def show(value: Any, limit: int | None = None) -> str:
    """Return a fact as text; of a list longer than ``limit`` the length and the first ones."""
    if not isinstance(value, tuple):
        return 'none' if value is None else str(value)
    if limit is None or len(value) <= limit:
        return ', '.join(map(str, value)) or 'none'
    return f'{len(value)} ({", ".join(map(str, value[:3]))}, ...)'


def _facts(result: StageResult, presets: Sequence[str]) -> dict[str, Any]:
    facts = {key: result.record.get(key) for key in FACTS}
    facts['labels'] = result.labels or None
    return {**facts, **{f'preset {name}': _presets(result).get(name) for name in presets}}


def _presets(result: StageResult) -> dict[str, str]:
    """Return how each preset counts, as text."""
    found = (result.record.get('presets') or {}).get('per_class') or {}
    return {name: json.dumps(rule, sort_keys=True) for name, rule in found.items()}


def _ambiguous_presets(results: Sequence[StageResult]) -> list[str]:
    """Return the names that stand for different ways of counting."""
    rules: dict[str, set[str]] = {}
    for result in results:
        for name, rule in _presets(result).items():
            rules.setdefault(name, set()).add(rule)
    return [name for name, found in rules.items() if len(found) > 1]


def _grouped(results: Sequence[StageResult], runs: dict[str, Run]) -> list[Row]:
    groups: dict[str, dict[Hashable, StageResult]] = {}
    for result in results:
        same = groups.setdefault(_setting(runs[result.run], result.stage), {})
        same.setdefault(result.record.get('run_id', result.folder), result)
    return [tuple(group.values()) for group in groups.values()]


def _setting(run: Run, stage: str, above: tuple[str, ...] = ()) -> str:
    """Return a digest of all but the seed that a result depends on.

    Where the record of a stage that it reads from is gone, the run stays alone.
    """
    if stage not in run.results or stage in above:
        return f'unknown, {run.name}'
    record = run.results[stage].record
    now = dict(record['fingerprint'], world_size=record.get('world_size'))
    now['config'] = {k: v for k, v in now['config'].items() if k != 'randomness.seed'}
    return digest([now, [_setting(run, name, (*above, stage)) for name in now['upstream']]])


def _data(result: StageResult) -> str | None:
    """Return the digest of the data that the figures, or where there are none the time, are of."""
    data = result.record['fingerprint']['data']
    return data.get('test_dataloader', data.get('train_dataloader'))


def _remarks(results: Sequence[StageResult], rows: Sequence[Row]) -> Iterator[str]:
    for text, value_of in (
        ('Seconds are of different devices', lambda r: r.record.get('device')),
        ('Versions of the package differ', lambda r: r.record['fingerprint'].get('version')),
        ('The data differ in images, labels, boxes, held-out part or masks', _data),
    ):
        found: dict[Any, list[str]] = {}
        for result in results:
            found.setdefault(value_of(result), []).append(result.run)
        if len(found) > 1:
            yield f'{text}: ' + '; '.join(f'{show(v)} ({", ".join(n)})' for v, n in found.items())
    for result in results:
        if result.reused:
            yield f'{result.run} reuses the stage in {result.folder}'
    for row in rows:
        seeds = [result.record.get('seed') for result in row]
        if len(set(seeds)) < len(seeds):
            yield f'A seed counts more than once: {", ".join(r.run for r in row)}'
