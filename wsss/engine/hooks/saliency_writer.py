# SPDX-License-Identifier: Apache-2.0
"""Write saliency as it is made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...fileio import write_grey
from ...registry import HOOKS
from ...structures import check_image_id

FOLDER = 'saliency'


@HOOKS.register_module()
class SaliencyWriter(Hook):
    """Write ``saliency`` of every sample to ``<stage>/saliency/<image id>.png``, grey, 255 for 1.

    ``wsss.LoadSaliency`` reads it. A file is whole or absent, and writing it again replaces it in
    one step.

    Example:
        >>> default_hooks = dict(writer=dict(type='wsss.SaliencyWriter'))
    """

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Write the saliency of a batch."""
        folder = Path(runner.work_dir) / FOLDER
        for sample in outputs or ():
            if 'saliency' not in sample or 'image_id' not in sample:
                raise ConfigError(
                    'SaliencyWriter: the model gave a sample without saliency or image_id. Use '
                    "tta_model=dict(type='wsss.SegmentorSaliency')."
                )
            grey = (255 * sample.saliency).round().byte().cpu().numpy()
            write_grey(folder / f'{check_image_id(sample.image_id)}.png', grey)
