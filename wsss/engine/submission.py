# SPDX-License-Identifier: Apache-2.0
"""Predicted label maps as the test server of PASCAL VOC takes them."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..fileio import atomic_path
from .stage import Stage

ARCHIVE = 'results.tgz'


class VOCSubmission:
    """Packs what a stage predicts for the images of its test data.

    The server scores ``test``, whose truth is not public; its archive holds a palette PNG of label
    ids for each image.

    Args:
        folder: Where ``results.tgz`` is written, in one step.
        competition: ``comp5`` for what was trained on the data of VOC alone, ``comp6`` for what has
            seen other data too, such as ImageNet weights or the masks of SBD.
    """

    def __init__(self, folder: str | Path, competition: str = 'comp6'):
        self.path = Path(folder) / ARCHIVE
        self.inside = f'results/VOC2012/Segmentation/{competition}_test_cls'
        self.masks = ''
        self.count = 0

    def prepare(self, stage: Stage) -> None:
        """Find out where a stage writes its masks, and let it do without truth.

        Raises:
            ConfigError: If it writes none.
        """
        folders = [name for name in stage.written() if name.endswith('/{}.png')]
        if not folders:
            raise ConfigError(
                f'--submission: stage {stage.name} writes no masks. Choose one that does '
                "(--stage), or give it default_hooks=dict(writer=dict(type='wsss.MaskWriter'))."
            )
        self.masks = str(Path(folders[0]).parent)
        stage.config['test_dataloader'] = _with_optional_masks(stage.config['test_dataloader'])

    def write(self, folder: str | Path) -> None:
        """Pack the masks below the folder of a stage.

        Raises:
            StorageError: If there is no room.
        """
        files = sorted((Path(folder) / self.masks).glob('*.png'))
        with (
            atomic_path(self.path) as part,
            open(part, 'wb') as raw,
            gzip.GzipFile('', 'wb', fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode='w') as archive,
        ):
            for file in files:
                entry = tarfile.TarInfo(f'{self.inside}/{file.name}')
                entry.size = file.stat().st_size
                with open(file, 'rb') as content:
                    archive.addfile(entry, content)
        self.count = len(files)


def _with_optional_masks(value: Any) -> Any:
    """Return a part of a config in which images may lack their mask."""
    if isinstance(value, dict):
        found = {key: _with_optional_masks(item) for key, item in value.items()}
        return {**found, 'optional': True} if value.get('type') == 'wsss.LoadMask' else found
    return [_with_optional_masks(item) for item in value] if isinstance(value, list) else value
