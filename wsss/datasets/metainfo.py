# SPDX-License-Identifier: Apache-2.0
"""What a loop has to know of its data set."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError


def label_info(dataset: Any, where: str = 'test_dataloader.dataset') -> dict[str, Any]:
    """Return the metainfo of a data set, which names its labels and maps classes to them.

    Raises:
        ConfigError: If it has no ``classes`` or no ``class_to_label``.
    """
    metainfo = getattr(dataset, 'metainfo', None) or {}
    missing = [key for key in ('classes', 'class_to_label') if not metainfo.get(key)]
    if missing:
        raise ConfigError(
            f'{where} ({type(dataset).__name__}) has no metainfo {", ".join(missing)}. Use a data '
            'set of this package, or add them.'
        )
    return metainfo
