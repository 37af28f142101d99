# SPDX-License-Identifier: Apache-2.0
"""Write predicted label maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError, DataError
from ...evaluation.mask_metric import label_map, sample_field
from ...fileio import write_mask
from ...registry import HOOKS
from ...structures import check_image_id


@HOOKS.register_module()
class MaskWriter(Hook):
    """Write ``<work_dir>/<folder>/<image id>.png``, a palette PNG of label ids, for every image.

    Works for the stages of ours and for mmseg's segmentors; samples of the latter are named by
    their metainfo ``image_id`` if it was packed, else by the name of the image file.

    Args:
        folder: Folder inside that of the stage.

    Raises:
        ConfigError: If ``folder`` is not the name of a folder inside.

    Example:
        >>> custom_hooks = [dict(type='wsss.MaskWriter', folder='masks')]
    """

    priority = 'NORMAL'

    def __init__(self, folder: str = 'masks'):
        inside = isinstance(folder, str) and folder and not Path(folder).is_absolute()
        if not inside or '..' in Path(folder).parts:
            raise ConfigError(
                f'MaskWriter.folder must be the name of a folder inside that of the stage, got '
                f'{folder!r}'
            )
        self.folder = folder
        self.palette: Sequence | None = None

    def before_test_epoch(self, runner: Runner) -> None:
        """Take the palette of the data set and make the folder."""
        dataset = runner.test_loop.dataloader.dataset
        self.palette = (getattr(dataset, 'metainfo', None) or {}).get('palette')
        (Path(runner.work_dir) / self.folder).mkdir(parents=True, exist_ok=True)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Write the label maps of a batch; an existing file is replaced in one step."""
        folder = Path(runner.work_dir) / self.folder
        for sample in outputs or ():
            image_id = mask_name(sample)
            label = label_map(sample, 'pred_sem_seg')
            if label is None:
                raise DataError(f'MaskWriter: image {image_id!r} has no pred_sem_seg to write.')
            write_mask(folder / f'{image_id}.png', to_uint8(label.cpu().numpy()), self.palette)


def mask_name(sample: Any) -> str:
    """Return the name of a sample's file: its image id, else the name of its image file."""
    image_id = sample_field(sample, 'image_id')
    if image_id is None:
        path = sample_field(sample, 'img_path')
        if path is None:
            raise DataError(
                'MaskWriter: a sample has neither image_id nor img_path. Add them to meta_keys of '
                'the transform that packs it.'
            )
        image_id = Path(path).stem
    return check_image_id(str(image_id))


def to_uint8(labels: np.ndarray) -> np.ndarray:
    """Return integer label ids as uint8.

    Raises:
        DataError: For ids outside 0..255.
    """
    if labels.size and not 0 <= labels.min() <= labels.max() <= 255:
        raise DataError(
            f'MaskWriter: label ids {labels.min()}..{labels.max()} do not fit into a PNG (0..255).'
        )
    return labels.astype(np.uint8)
