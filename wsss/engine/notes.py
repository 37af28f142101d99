# SPDX-License-Identifier: Apache-2.0
"""What a component wants to see in the record of its stage."""

from __future__ import annotations

from typing import Any

from mmengine.logging import MessageHub

_KEY = 'wsss_notes'


def note(**entries: Any) -> None:
    """Add JSON-able entries, such as ``split`` or ``protocol``, to the record of the stage.

    Every number of a record is read together with them. Call it on all ranks with equal values.
    """
    hub = MessageHub.get_current_instance()
    hub.update_info(_KEY, {**read_notes(), **entries})


def read_notes() -> dict[str, Any]:
    """Return the entries noted in the current stage so far."""
    hub = MessageHub.get_current_instance()
    return dict(hub.get_info(_KEY)) if _KEY in hub.runtime_info else {}
