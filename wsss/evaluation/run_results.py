# SPDX-License-Identifier: Apache-2.0
"""What the folder of a run says about its stages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from ..engine.record import RECORD, STARTED, SUMMARY, read_index, read_record
from ..errors import ConfigError, DataError
from ..fileio import read_json

_NUMBERS = ('seconds', 'threshold', 'images', 'world_size')


@dataclass(frozen=True)
class StageResult:
    """A finished stage of a run.

    Args:
        run: Name of the run.
        stage: Name of the stage.
        folder: Where its files are.
        record: Its record.
        labels: What the figures average over: names of the labels of masks, else of the classes.
        reused: Whether the run took it from another one.
    """

    run: str
    stage: str
    folder: Path
    record: Mapping[str, Any]
    labels: tuple[str, ...] = ()
    reused: bool = False

    @property
    def figures(self) -> dict[str, Real]:
        """The numbers among the metrics, by name."""
        return {k: v for k, v in self.record['metrics'].items() if _is_number(v)}


@dataclass(frozen=True)
class Run:
    """A run of a pipeline.

    Args:
        name: Tells it from the others.
        folder: Its work folder.
        config: Name of its config; empty if nothing says so.
        results: Finished stages by name, in the order of the pipeline.
        unfinished: The others that are known of, each with what there is of it.
    """

    name: str
    folder: Path
    config: str
    results: dict[str, StageResult]
    unfinished: dict[str, str]


def read_runs(folders: Sequence[str | Path]) -> list[Run]:
    """Read the work folders of runs.

    Raises:
        ConfigError: If a folder is given twice.
        DataError: If a folder is no run or a file in it is damaged; it names the file.
    """
    paths = [Path(folder) for folder in folders]
    whole = [path.resolve() for path in paths]
    for i, path in enumerate(whole):
        if path in whole[:i]:
            raise ConfigError(f'run {paths[i]} is given twice. Give every run once.')
    names = name_runs([Path(os.path.abspath(path)) for path in paths])
    return [read_run(path, name) for path, name in zip(paths, names)]


def name_runs(folders: Sequence[Path]) -> list[str]:
    """Return the end of each path, as much of it as is needed to tell it from the others.

    Args:
        folders: Absolute paths, all different.

    Example:
        >>> name_runs([Path('/a/cam/pets'), Path('/a/ccam/pets'), Path('/a/cam/voc')])
        ['cam/pets', 'ccam/pets', 'voc']
    """
    names = []
    for parts in (folder.parts for folder in folders):
        others = [folder.parts for folder in folders if folder.parts != parts]
        ends = (n for n in range(1, len(parts)) if all(o[-n:] != parts[-n:] for o in others))
        names.append('/'.join(parts[-next(ends, len(parts)) :]))
    return names


def read_run(folder: Path, name: str) -> Run:
    """Read what there is of every stage in the work folder of a run.

    Raises:
        DataError: If the folder is no run or a file in it is damaged.
    """
    if not folder.is_dir():
        raise DataError(f'run {folder} is not a folder. Give the work folder of a run.')
    begun = [
        path.name
        for path in sorted(folder.iterdir())
        if (path / RECORD).is_file() or (path / STARTED).is_file()
    ]
    summary = _read_summary(folder)
    if summary is None and not begun:
        hint = 'It is the folder of a stage: give the one above.'
        if not any((folder / file).is_file() for file in (RECORD, STARTED)):
            hint = 'Give the work folder of a run.'
        raise DataError(
            f'{folder} is no run: there is neither {SUMMARY} nor a stage (a folder with {RECORD} '
            f'or {STARTED}) in it. {hint}'
        )
    listed = summary or dict(stages={})
    results: dict[str, StageResult] = {}
    unfinished: dict[str, str] = {}
    for stage in dict.fromkeys([*listed.get('pipeline', ()), *listed['stages'], *begun]):
        reused = listed['stages'].get(stage, {}).get('reused_from')
        place = Path(reused) if reused else folder / stage
        record = read_record(place)
        if record is not None:
            _check(record, place / RECORD)
            labels = _read_labels(place, record)
            results[stage] = StageResult(name, stage, place, record, labels, bool(reused))
        elif reused:
            unfinished[stage] = f'reused from {place}, where there is no {RECORD}'
        elif (place / STARTED).is_file():
            unfinished[stage] = 'not finished'
        else:
            unfinished[stage] = 'deleted' if stage in listed['stages'] else 'not started'
    config = listed.get('config') or next((r.record.get('config') for r in results.values()), '')
    return Run(name, folder, str(config or ''), results, unfinished)


def _read_summary(folder: Path) -> dict | None:
    path = folder / SUMMARY
    if not path.is_file():
        return None
    content = read_json(path, 'summary')
    content = content if isinstance(content, dict) else {}
    stages, pipeline = content.get('stages'), content.get('pipeline', [])
    usable = isinstance(stages, dict) and isinstance(pipeline, list)
    if not usable or not all(isinstance(entry, dict) for entry in stages.values()):
        raise DataError(f'{path} is not the summary of a run. Delete it: the next start makes it.')
    return content


def _check(record: Mapping, path: Path) -> None:
    if not isinstance(record.get('metrics'), dict):
        raise DataError(f'record {path}: metrics must be a dict, got {record.get("metrics")!r}.')
    for key, kind in (('config', dict), ('data', dict), ('upstream', list)):
        if not isinstance(record['fingerprint'].get(key), kind):
            raise DataError(f'record {path}: fingerprint.{key} must be a {kind.__name__}.')
    for key in _NUMBERS:
        if record.get(key) is not None and not _is_number(record[key]):
            raise DataError(f'record {path}: {key} must be a number, got {record[key]!r}.')


def _read_labels(folder: Path, record: Mapping) -> tuple[str, ...]:
    return tuple(read_index(folder).get('classes' if 'metric' in record else 'image_classes', ()))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
