# SPDX-License-Identifier: Apache-2.0
"""What besides image labels a result was made from, for its record."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..datasets.base import WSSSDataset
from ..datasets.transforms import AnnotationTransform
from .fingerprint import parts_of
from .record import read_record

KEY = 'annotation_source'


def sources_of(dataset: Any) -> dict[str, list[str]]:
    """Return the entry of a record that names the annotations which a data set's pipeline brings.

    Returns:
        Such as ``{'annotation_source': ['simulated boxes']}``; empty for image labels alone.
    """
    found = {
        transform.source(part.shared_info())
        for part in parts_of(dataset)
        if isinstance(part, WSSSDataset)
        for transform in part.pipeline.transforms
        if isinstance(transform, AnnotationTransform)
    }
    return {KEY: sorted(found)} if found else {}


def with_inherited_sources(notes: dict, folders: Iterable[Path]) -> dict:
    """Return notes that name the annotations of the stages that this one reads from, too.

    Args:
        notes: What the stage noted itself.
        folders: Of those stages.
    """
    found = set(notes.get(KEY, ()))
    for folder in folders:
        found.update((read_record(folder) or {}).get(KEY, ()))
    return {**notes, KEY: sorted(found)} if found else notes
