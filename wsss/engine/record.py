# SPDX-License-Identifier: Apache-2.0
"""The record of a stage and the summary of a run."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from ..errors import DataError
from ..fileio import read_json, write_json
from ..version import __version__

INDEX = 'index.json'
RECORD = 'record.json'
STARTED = 'started.json'
SUMMARY = 'summary.json'


def read_index(folder: str | Path) -> dict:
    """Return what the files in a stage's folder are of; empty where it has no index.

    Raises:
        DataError: If the file is none of an index.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        return {}
    index = read_json(path, 'index')
    if not isinstance(index, dict):
        raise DataError(f'index {path} is not the index of a stage. Make the stage again (--redo).')
    return index


def read_record(folder: str | Path, name: str = RECORD) -> dict | None:
    """Return the record in a stage's folder, or None if there is none."""
    path = Path(folder) / name
    if not path.is_file():
        return None
    content = read_json(path, 'record')
    if not isinstance(content, dict) or not isinstance(content.get('fingerprint'), dict):
        raise DataError(
            f'record {path} is not a record of a stage. Delete the folder {folder} or run with '
            '--redo.'
        )
    return content


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import mmcv
    import mmengine
    import mmpretrain
    import mmseg
    import numpy

    modules = dict(mmengine=mmengine, mmcv=mmcv, mmpretrain=mmpretrain, mmseg=mmseg, numpy=numpy)
    found = {name: module.__version__ for name, module in modules.items()}
    return dict(
        wsss=__version__, python=platform.python_version(), torch=torch.__version__, **found
    )


def git_state() -> str | None:
    """Return the commit of the package's checkout, with ``+`` if it was changed; None outside."""
    here = Path(__file__).parent
    try:
        run = dict(cwd=here, capture_output=True, text=True, timeout=10, check=True)
        commit = subprocess.run(['git', 'rev-parse', 'HEAD'], **run).stdout.strip()
        changed = subprocess.run(['git', 'status', '--porcelain', '-uno'], **run).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return f'{commit}{"+" if changed else ""}'


def device_name() -> str:
    """Return what the stage ran on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'CPU ({torch.get_num_threads()} threads)'


_IN_SUMMARY = ('metrics', 'seconds')
_NOT_IN_SUMMARY = frozenset(
    'stage config fingerprint run_id inputs versions git seed world_size device finished'.split()
)


def write_summary(work_dir: str | Path, config: str, folders: dict[str, Path]) -> dict[str, Any]:
    """Write ``summary.json``: the figures of all finished stages, in pipeline order.

    Args:
        work_dir: Folder of the run.
        config: Name of the config.
        folders: Stage name -> folder; one outside ``work_dir`` is noted as ``reused_from``.

    Returns:
        The summary: ``{'config': ..., 'pipeline': [name, ...], 'stages': {name: {'metrics': {...},
        'split': ..., ...}}}``; ``pipeline`` names the unfinished ones, too.
    """
    stages = {}
    for name, folder in folders.items():
        record = read_record(folder)
        if record is not None:
            first = {key: record.get(key) for key in _IN_SUMMARY}
            rest = {k: v for k, v in record.items() if k not in {*first, *_NOT_IN_SUMMARY}}
            stages[name] = {**first, **rest}
            if folder != Path(work_dir) / name:
                stages[name]['reused_from'] = str(folder)
    summary = dict(config=config, pipeline=list(folders), stages=stages)
    write_json(Path(work_dir) / SUMMARY, summary)
    return summary
