# SPDX-License-Identifier: Apache-2.0
"""A page of examples at the end of every stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import PixelData

from ...datasets.mask_io import read_mask
from ...errors import ConfigError, DataError
from ...fileio import write_picture
from ...registry import HOOKS
from ...structures import ScoreStore, WSSSDataSample
from ...visualization.contact_sheet import SheetRow, contact_sheet
from ...visualization.sample_panels import COLUMNS, Legend, sample_row


@HOOKS.register_module()
class ContactSheetHook(Hook):
    """Write ``<work_dir>/contact_sheet.png`` after a test loop: a few images and what came out.

    The images are spread evenly over the data set, so they are the same in every stage that uses it
    and on any number of processes. What is shown follows from what the samples hold: the image with
    truth and best predictions for a classifier; image, class maps, label and truth otherwise.
    Images that did not pass through the loop, because an earlier run had written them, are shown
    from the files of the stage. A picture that cannot be drawn is left out with a warning; it never
    ends a stage.

    Args:
        num_images: How many images, 0 for no sheet.
        panel: Side of a panel in pixels, at least 32.
        filename: Name of the file in the folder of the stage.

    Raises:
        ConfigError: If a number is out of range.

    Example:
        >>> custom_hooks = [dict(type='wsss.ContactSheetHook', num_images=8)]
    """

    priority = 'LOW'

    def __init__(self, num_images: int = 8, panel: int = 176, filename: str = 'contact_sheet.png'):
        if not isinstance(num_images, int) or num_images < 0:
            raise ConfigError(f'ContactSheetHook.num_images must be >= 0, got {num_images!r}')
        if not isinstance(panel, int) or panel < 32:
            raise ConfigError(f'ContactSheetHook.panel must be >= 32 pixels, got {panel!r}')
        self.num_images = num_images
        self.panel = panel
        self.filename = filename
        self._reset()

    def _reset(self) -> None:
        self._dataset: Any = ()
        self._records: list[dict] = []
        self._slots: dict[str, int] = {}
        self._rows: dict[int, tuple[SheetRow, list[str]]] = {}
        self._legend = Legend.from_metainfo(None)
        self._warned = False

    def before_test_epoch(self, runner: Runner) -> None:
        """Choose the images."""
        self._reset()
        dataset = self._dataset = whole_dataset(runner)
        try:
            self._legend = Legend.from_metainfo(getattr(dataset, 'metainfo', None))
            indices = spread(len(dataset), self.num_images)
            records = [dict(dataset.get_data_info(index)) for index in indices]
            if any('img_path' not in record for record in records):
                raise DataError(f'{type(dataset).__name__} does not give img_path')
            self._records = records
        except Exception as error:
            self._warn(runner, 'the images could not be chosen', error)
        for slot, record in enumerate(self._records):
            for key in ('img_path', 'image_id'):
                if record.get(key) is not None:
                    self._slots[f'{key}={record[key]}'] = slot

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Draw the chosen images of this batch."""
        if not self._slots or not isinstance(outputs, Sequence):
            return
        for sample in outputs:
            slot = self._slot(sample)
            if slot is not None and slot not in self._rows:
                self._draw(runner, slot, as_in_files(sample))

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Bring the rows of all ranks together and write the sheet on the first."""
        if self.num_images == 0:
            return
        gathered = all_gather_object(self._rows)
        if not is_main_process():
            return
        for rows in reversed(gathered):
            self._rows.update(rows)
        for slot, record in enumerate(self._records):
            if slot not in self._rows:
                self._draw(runner, slot, record)
        try:
            self._write(runner)
        except Exception as error:
            self._warn(runner, 'the sheet could not be written', error)
        self._reset()

    def _slot(self, sample: Any) -> int | None:
        """Return the place of a sample among the chosen images, or None."""
        info = getattr(sample, 'metainfo', {})
        for key in ('img_path', 'image_id'):
            if f'{key}={info.get(key)}' in self._slots:
                return self._slots[f'{key}={info.get(key)}']
        return None

    def _draw(self, runner: Runner, slot: int, sample: Any) -> None:
        """Draw a row; the record in place of a sample stands for the files of the stage."""
        record = self._records[slot]
        try:
            if sample is record:
                sample = sample_from_files(record, Path(runner.work_dir), self._legend)
            if sample is not None:
                self._rows[slot] = sample_row(sample, record, self._legend, self.panel)
        except Exception as error:
            self._warn(runner, f'{record.get("image_id", record.get("img_path"))}', error)

    def _write(self, runner: Runner) -> None:
        rows = [self._rows[slot] for slot in sorted(self._rows)]
        if not rows:
            return
        columns = [name for name in COLUMNS if any(name in names for _, names in rows)]
        aligned = []
        for row, names in rows:
            panels = dict(zip(names, row.panels))
            aligned.append(SheetRow(row.title, [panels.get(c) for c in columns], row.tags))
        across = 4 if len(columns) == 1 else 2 if len(columns) <= 3 else 1
        work_dir = Path(runner.work_dir)
        title = f'{work_dir.name}: {len(rows)} of {len(self._dataset)} images'
        page = contact_sheet(aligned, columns, title, self.panel, across)
        write_picture(work_dir / self.filename, page)
        runner.logger.info(f'Examples: {work_dir / self.filename}')

    def _warn(self, runner: Runner, what: str, error: Exception) -> None:
        if not self._warned:
            runner.logger.warning(f'Contact sheet: {what}: {type(error).__name__}: {error}')
        self._warned = True


def whole_dataset(runner: Runner) -> Any:
    """Return the data set of the test, also where the loop goes over a rest of it only."""
    full = getattr(runner.test_loop, 'full_dataset', None)
    return runner.test_dataloader.dataset if full is None else full


def spread(length: int, count: int) -> list[int]:
    """Return at most ``count`` indices, the middles of equal parts of ``range(length)``."""
    count = min(count, length)
    return [int(index) for index in (np.arange(count) + 0.5) * length / max(count, 1)]


def as_in_files(sample: Any) -> Any:
    """Return a sample with its maps rounded as files hold them.

    So the sheet of a run that was stopped is that of an undisturbed one.
    """
    maps = getattr(sample, 'score_maps', None)
    if maps is None:
        return sample
    sample = sample.new(metainfo=sample.metainfo, **dict(sample.items()))
    sample.score_maps = maps.as_stored()
    return sample


def sample_from_files(record: dict, folder: Path, legend: Legend) -> WSSSDataSample | None:
    """Return what the folder of a stage holds of an image, or None if it holds nothing."""
    image_id = record.get('image_id')
    if image_id is None:
        return None
    sample = WSSSDataSample()
    store = ScoreStore(folder / 'scores')
    if image_id in store:
        sample.score_maps = store.read(image_id)
    mask = folder / 'masks' / f'{image_id}.png'
    if mask.is_file():
        labels = read_mask(mask, len(legend.labels) or 255, image_id=image_id)
        sample.pred_sem_seg = PixelData(data=labels[None])
    return sample if sample.keys() else None
