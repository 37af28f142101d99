# SPDX-License-Identifier: Apache-2.0
"""The files that a stage reads beside images and masks: found in its config, known by content."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..datasets.base import WSSSDataset
from ..datasets.content import ContentDigests
from ..datasets.reads_files import ReadsFiles
from ..registry import TRANSFORMS, build
from .config_check import find_classes

PLACE = '<known by content>'


def find_readers(
    value: Any, where: str, scope: str, base: type = ReadsFiles
) -> Iterator[tuple[str, dict, type]]:
    """Yield config key, config and class of everything in a config that reads files of its own.

    Args:
        value: Any part of a config.
        where: Its key.
        scope: Where names without a prefix are looked up.
        base: What their classes have in common.
    """
    if isinstance(value, dict):
        kind, scope = value.get('type'), value.get('_scope_', scope)
        for cls in find_classes(kind, scope) if isinstance(kind, str) else [kind]:
            if inspect.isclass(cls) and issubclass(cls, base):
                yield where, value, cls
        for key, part in value.items():
            yield from find_readers(part, f'{where}.{key}' if where else key, scope, base)
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from find_readers(part, f'{where}[{i}]', scope, base)


def contents_read(
    value: dict, parts: Sequence[Any], where: str, scope: str
) -> dict[str, list[str]]:
    """Return what is in the files that components of a config read on their own.

    Args:
        value: The config, references to stages unresolved.
        parts: Data sets of the images that they read for.
        where: Its key.
        scope: Where names without a prefix are looked up.

    Returns:
        Digests of the files by config key of the reader; nothing for one that reads from stages.
    """
    parts = [part for part in parts if isinstance(part, WSSSDataset)]
    found = {}
    for key, config, cls in find_readers(value, where, scope):
        places = [config[name] for name in cls.located_by if name in config]
        if places and None not in places and _hidden(places) == places:
            continue  # all in folders of stages
        arguments = {k: v for k, v in config.items() if k != '_scope_'}
        reader = build(TRANSFORMS, {**arguments, 'type': cls}, key)
        contents = [digest for part in parts for digest in _contents(part, reader)]
        if contents:
            found[f'{key} ({cls.__name__})'] = contents
    return found


def _contents(part: WSSSDataset, reader: ReadsFiles) -> list[str]:
    ids = (part.get_data_info(i)['image_id'] for i in range(len(part)))
    paths = [path for image_id in ids for path in reader.files(image_id)]
    return ContentDigests(part.data_root or os.curdir).of([p for p in paths if _is_place(p)])


def hide_places(config: dict, cls: type[ReadsFiles]) -> None:
    """Overwrite, in the config of a reader, where files lie that are known by content."""
    for name in cls.located_by:
        if name in config:
            config[name] = _hidden(config[name])


def _hidden(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_hidden(item) for item in value]
    return PLACE if _is_place(value) else value


def _is_place(value: Any) -> bool:
    """Whether it is a path, and not a reference to what a stage has written."""
    return isinstance(value, str) and not value.startswith('@')
