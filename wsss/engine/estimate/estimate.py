# SPDX-License-Identifier: Apache-2.0
"""Try all stages of a config."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from ...errors import ConfigError
from ..cli import clean_message
from ..run_state import RunState
from ..selection import Selection
from .feature_widths import FeatureWidths
from .inputs import move_places, place_before
from .parts import Part, count_drawn, parts_of_stage, passes
from .report import Row
from .trial import real_dataset, try_part

CPU_BATCH = 2


def estimate(
    config: dict,
    name: str,
    only: str | None = None,
    batch: int | None = None,
    images: int | None = None,
    progress: Callable[[Part], None] = lambda part: None,
) -> list[Row]:
    """Try every stage of a config on generated images.

    Nothing is downloaded and no weights are read; what is written goes to a temporary folder.

    Args:
        config: The config as plain dicts.
        name: Its name, for messages.
        only: Just this stage.
        batch: Images to try at a time; by default the batch of the config on a GPU and 2 on a CPU.
            More than the batch of the config are never tried.
        images: Of data sets that are not here.
        progress: Called before each part.

    Returns:
        A row for each part, those that could not be tried with the reason.

    Raises:
        ConfigError: For anything in the config that cannot work, or an unknown stage.
    """
    if config.get('pipeline') is None:
        raise ConfigError(f'{name} has no pipeline, so there are no stages to try.')
    if batch is None and not torch.cuda.is_available():
        batch = CPU_BATCH
    shared = frozenset(config.get('default_hooks') or ())
    rows = []
    with tempfile.TemporaryDirectory() as root:
        state = RunState(config, name, root, Selection(only=only))
        widths = FeatureWidths(state)
        for stage_name in state.chosen:
            for part in parts_of_stage(state.stage(stage_name)):
                progress(part)
                size = min(batch or part.batch, part.batch)
                folder = Path(root) / f'.{part.stage}-{part.kind}'
                rows.append(_row(state, part, size, images, folder, shared, widths))
    return rows


def _row(
    state: RunState,
    part: Part,
    batch: int,
    images: int | None,
    folder: Path,
    shared: frozenset,
    widths: FeatureWidths,
) -> Row:
    row = Row(part)
    stage = state.stage(part.stage)
    move_places(stage.config, stage.scope, folder)
    try:
        row.images, row.known_by = count_drawn(
            part, stage.config, stage.scope, real_dataset(stage, part), images
        )
        row.epochs, row.steps = passes(part, stage.config, row.images)
        row.trial = try_part(
            stage, part, batch, folder, shared, lambda place: widths(place_before(place, folder))
        )
    except torch.OutOfMemoryError:
        row.problem = f'out of memory at {batch} images. Try fewer: --batch {max(batch // 2, 1)}.'
    except Exception as error:
        row.problem = f'{type(error).__name__}: {" ".join(clean_message(error).split())}'
    return row
