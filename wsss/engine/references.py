# SPDX-License-Identifier: Apache-2.0
"""Late references: how the parts of one config point at each other.

Fragments in ``_base_`` are read before their child changes anything, so a value that must follow
the child's choice is written as a reference and looked up when the stage starts:

==========================  =====================================================================
``'@data/train'``           copy of ``data['train']`` (any depth: ``@data/a/b``)
``'@cams'``                 the folder of the stage ``cams``; it must run earlier
``'@cams/scores'``          a file or folder in it
``'@classifier.model'``     copy of a part of another stage's config
``'@data_root'``            copy of any other top-level value
``dict(_ref_='@...', k=v)`` the copied dict with ``k`` set or merged (``_delete_=True`` works)
==========================  =====================================================================
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError, near_matches


def merge(base: Any, changes: dict) -> dict:
    """Return a copy of ``base`` with ``changes`` merged in, as mmengine merges configs."""
    changes = dict(changes)
    if changes.pop('_delete_', False) or not isinstance(base, dict):
        return changes
    merged = dict(base)
    for key, value in changes.items():
        inherits = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if inherits else value
    return merged


class References:
    """Resolve references of one config.

    Args:
        config: The whole config as plain dicts.
        pipeline: Names of the stages in order.
        folder_of: Stage name -> its folder; None leaves references to stages as they are
            (for fingerprints, which must not depend on where things lie).
    """

    def __init__(
        self,
        config: dict,
        pipeline: Sequence[str],
        folder_of: Callable[[str], Path] | None = None,
    ):
        self.config = config
        self.pipeline = list(pipeline)
        self.folder_of = folder_of

    def resolve(self, value: Any, where: str, stage: str | None = None) -> Any:
        """Return ``value`` with all references in it replaced by what they point at.

        Args:
            value: Any part of the config.
            where: Its config key, for messages.
            stage: The stage it belongs to: it may only point at earlier stages.

        Raises:
            ConfigError: For a reference to something that is not there or not earlier.
        """
        return self._resolve(value, where, stage, ())

    def _resolve(self, value: Any, where: str, stage: str | None, trail: tuple[str, ...]) -> Any:
        if isinstance(value, str) and value.startswith('@'):
            return self._look_up(value, where, stage, trail)
        if isinstance(value, dict):
            if '_ref_' in value:
                # _delete_ beside _ref_ speaks of what this dict is merged into, not of the copy
                rest = {k: v for k, v in value.items() if k not in ('_ref_', '_delete_')}
                base = self._look_up(value['_ref_'], f'{where}._ref_', stage, trail)
                if not isinstance(base, dict):
                    raise ConfigError(
                        f'{where}: _ref_={value["_ref_"]!r} is not a dict but {base!r}.'
                    )
                copied = merge(base, self._resolve(rest, where, stage, trail))
                return {**copied, '_delete_': True} if value.get('_delete_') else copied
            return {k: self._resolve(v, f'{where}.{k}', stage, trail) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            items = [
                self._resolve(item, f'{where}[{i}]', stage, trail) for i, item in enumerate(value)
            ]
            return type(value)(items)
        return copy.deepcopy(value)

    def _look_up(self, text: str, where: str, stage: str | None, trail: tuple[str, ...]) -> Any:
        if not isinstance(text, str) or not text.startswith('@'):
            raise ConfigError(f"{where} must be a reference such as '@data/train', got {text!r}.")
        if text in trail:
            raise ConfigError(f'{where}: {" -> ".join((*trail, text))} is a circle.')
        trail = (*trail, text)
        body = text[1:]
        slash, dot = body.find('/'), body.find('.')
        if slash >= 0 and (dot < 0 or slash < dot):
            head, rest = body[:slash], body[slash + 1 :]
            if head == 'data':
                return self._copy(['data', *rest.split('/')], text, where, stage, trail)
            return self._folder(head, rest, text, where, stage)
        keys = body.split('.')
        if len(keys) == 1 and keys[0] in self.pipeline:
            return self._folder(keys[0], '', text, where, stage)
        return self._copy(keys, text, where, stage, trail)

    def _copy(
        self, keys: list[str], text: str, where: str, stage: str | None, trail: tuple[str, ...]
    ) -> Any:
        found: Any = self.config
        for depth, key in enumerate(keys):
            if not isinstance(found, dict) or key not in found:
                names = sorted(map(str, found)) if isinstance(found, dict) else []
                if depth == 0:
                    names = sorted({*self.pipeline, *names})
                raise ConfigError(
                    f'{where}: {text!r} points at nothing, there is no '
                    f'{".".join(keys[: depth + 1])!r}.{near_matches(key, names)} '
                    f'There are: {", ".join(names) or "no keys"}.'
                )
            found = found[key]
        return self._resolve(found, where, stage, trail)

    def _folder(self, name: str, rest: str, text: str, where: str, stage: str | None) -> str:
        earlier = self.pipeline
        if stage in self.pipeline:
            earlier = self.pipeline[: self.pipeline.index(stage)]
        if name not in earlier:
            later = name in self.pipeline
            raise ConfigError(
                f'{where}: {text!r} refers to {"a later stage" if later else "no stage"}. '
                f'{near_matches(name, earlier).strip()} A stage can use the results of earlier '
                f'stages only: {", ".join(earlier) or "there are none"}.'.replace('  ', ' ')
            )
        if '..' in Path(rest).parts:
            raise ConfigError(f"{where}: {text!r} must not contain '..'.")
        if self.folder_of is None:
            return text
        folder = self.folder_of(name)
        return str(folder / rest) if rest else str(folder)


def stages_in(value: Any, pipeline: Sequence[str]) -> list[str]:
    """Return the stages whose folders ``value`` refers to, in pipeline order.

    ``value`` must have been resolved without folders, so that only such references are left.
    """
    found: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, str) and part.startswith('@'):
            found.add(part[1:].split('/')[0])
        elif isinstance(part, dict):
            for item in part.values():
                walk(item)
        elif isinstance(part, (list, tuple)):
            for item in part:
                walk(item)

    walk(value)
    return [name for name in pipeline if name in found]
