# SPDX-License-Identifier: Apache-2.0
"""Find the bad file among thousands before a training starts, not in its third hour."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time

from mmengine.logging import print_log

from ..errors import DataError, WSSSError
from ..fileio import read_json, write_json
from .base import WSSSDataset
from .check_files import FileFacts, check_record
from .content import cache_folder
from .threads import map_in_threads

VERSION = 1  # of what counts as usable
_SHOWN = 20
_MANY = 500
_MAX_WORKERS = 8


def verify_files(
    dataset: WSSSDataset, workers: int | None = None, masks: bool = True
) -> list[tuple[str, str, str]]:
    """Decode every image and mask of a data set and return what cannot be used.

    What was found good is remembered by content in the user's cache folder
    (``$XDG_CACHE_HOME/wsss/verified``), so that later starts cost next to nothing and a changed
    file is looked at again. Masks of an earlier stage (``mask_folder``) are looked at every time.

    Args:
        dataset: Its images, its masks, and that each mask fits its image and holds known ids only.
        workers: Threads; None takes one for each processor, at most 8.
        masks: False leaves the masks out.

    Returns:
        ``(image id, file, what is wrong with it)``, in the order of the data set.
    """
    dataset.full_init()
    keys = _keys(dataset, masks)
    cache = cache_folder() / 'verified' / f'{_short(os.path.abspath(dataset.data_root or ""))}.json'
    known = _read_cache(cache)
    pending = [i for i, key in enumerate(keys) if key is None or key not in known]
    if len(pending) > _MANY:
        print_log(f'decoding {len(pending)} images once, to find bad files', 'current')
    begin, good, bad = time.monotonic(), set(), []

    def check(index: int) -> tuple[dict, FileFacts]:
        info = _info(dataset, index, masks)
        return info, check_record(info)

    workers = workers or min(_MAX_WORKERS, os.cpu_count() or 1)
    for index, (info, facts) in map_in_threads(check, pending, workers):
        bad += [(info['image_id'], str(path), text) for path, text in facts.problems]
        if not facts.problems and keys[index] is not None:
            good.add(keys[index])
    if len(pending) > _MANY:
        print_log(f'decoded them in {time.monotonic() - begin:.0f} s', 'current')
    if good:
        with contextlib.suppress(WSSSError, OSError):  # no cache, no harm
            write_json(cache, sorted(known | good), indent=None)
    return bad


def require_usable(dataset: WSSSDataset, name: str, masks: bool = True) -> None:
    """Raise if a file of a data set cannot be used.

    Args:
        dataset: What to look at.
        name: Where it stands in the config, for the message.
        masks: Whether its masks are read.

    Raises:
        DataError: Naming the files.
    """
    bad = verify_files(dataset, masks=masks)
    if not bad:
        return
    lines = [f'{image_id}: {text}' for image_id, _, text in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(
            f'and {len(bad) - _SHOWN} more; tools/analysis_tools/check_dataset.py lists all'
        )
    shown = '\n  '.join(lines)
    raise DataError(
        f'{name} (split {dataset.split!r}): {len(bad)} files cannot be used:\n  {shown}\nReplace '
        'them or take them out of the list. verify_files=False at the top of the config starts '
        'without looking.'
    )


def _info(dataset: WSSSDataset, index: int, masks: bool) -> dict:
    info = {**dataset.get_data_info(index), 'boxes': []}  # boxes are no files
    return info if masks else {**info, 'mask_path': None}


def _keys(dataset: WSSSDataset, masks: bool) -> list[str | None]:
    """Return, for each image, what its check depends on; None is not to be remembered."""
    count = len(dataset)
    if masks and dataset.mask_folder is not None:
        return [None] * count
    digests = dataset.content_digests(masks)
    keys: list[str | None] = []
    for index in range(count):
        image, mask = digests[index], digests[count + index] if masks else 'none'
        table = mask != 'none' and _table(dataset.get_data_info(index))
        missing = 'missing' in (image, mask)
        keys.append(None if missing else _short(repr((VERSION, image, mask, table))))
    return keys


def _table(info: dict) -> tuple:
    values = info['mask_values']
    return info['num_labels'], values and tuple(sorted(values.items()))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_cache(path: os.PathLike) -> set[str]:
    try:
        content = read_json(path)
    except (WSSSError, OSError):
        return set()
    return {key for key in content if isinstance(key, str)} if isinstance(content, list) else set()
