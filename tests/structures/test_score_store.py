# SPDX-License-Identifier: Apache-2.0
"""Score maps and their files."""

import io
import os
import zipfile

import numpy as np
import pytest
import torch

from wsss.errors import DataError
from wsss.structures import ScoreMaps, ScoreStore


def maps(keys=(1, 4), height=5, width=7, background=False):
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(len(keys), height, width, generator=generator)
    cover = torch.rand(height, width, generator=generator) if background else None
    return ScoreMaps(torch.tensor(keys, dtype=torch.int64), scores, (20, 28), cover)


@pytest.mark.parametrize('background', [False, True])
def test_round_trip_keeps_everything_to_half_precision(tmp_path, background):
    store, written = ScoreStore(tmp_path / 'scores'), maps(background=background)
    store.write('img_1', written)
    read = store.read('img_1')
    assert read.keys.tolist() == [1, 4] and read.size == (20, 28)
    torch.testing.assert_close(read.scores, written.scores, atol=1e-3, rtol=0)
    assert (read.background is not None) == background
    assert sorted(p.name for p in (tmp_path / 'scores').iterdir()) == ['img_1.npz']


def test_an_image_without_classes_is_a_valid_record(tmp_path):
    store = ScoreStore(tmp_path)
    store.write('empty', ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 3, 3), (9, 9)))
    read = store.read('empty')
    assert len(read.keys) == 0 and read.resized().scores.shape == (0, 9, 9)


def test_the_same_maps_give_the_same_bytes(tmp_path):
    for name in ('a', 'b'):
        ScoreStore(tmp_path / name).write('x', maps())
    assert (tmp_path / 'a/x.npz').read_bytes() == (tmp_path / 'b/x.npz').read_bytes()


@pytest.mark.parametrize('image_id', ['', '.', '..', 'a/b', 'a\\b', 'a\0b', '../x'])
def test_ids_that_leave_the_folder_are_refused(tmp_path, image_id):
    with pytest.raises(DataError, match='cannot name a file'):
        ScoreStore(tmp_path).write(image_id, maps())


def test_missing_damaged_and_foreign_files_are_named(tmp_path):
    store = ScoreStore(tmp_path)
    with pytest.raises(DataError, match="'gone' does not exist"):
        store.read('gone')
    store.write('x', maps())
    whole = (tmp_path / 'x.npz').read_bytes()
    for content in (b'', b'text', whole[: len(whole) // 2]):
        (tmp_path / 'x.npz').write_bytes(content)
        with pytest.raises(DataError, match='x.npz'):
            store.read('x')
    np.savez(tmp_path / 'x.npz', other=np.zeros(3))
    with pytest.raises(DataError, match='x.npz'):
        store.read('x')


def test_nan_scores_are_refused(tmp_path):
    buffer = io.BytesIO()
    scores = np.full((1, 2, 2), np.nan, np.float16)
    np.savez(buffer, keys=np.zeros(1, np.int16), scores=scores, size=np.array([4, 4]))
    (tmp_path / 'x.npz').write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match='NaN'):
        ScoreStore(tmp_path).read('x')


class Payload:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def test_a_pickled_payload_in_a_score_file_does_not_run(tmp_path):
    marker = tmp_path / 'marker'
    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload(marker)], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / 'x.npz', 'w') as file:
        for name in ('keys', 'scores', 'size'):
            file.writestr(f'{name}.npy', buffer.getvalue())
    with pytest.raises(DataError, match='x.npz'):
        ScoreStore(tmp_path).read('x')
    assert not marker.exists()


@pytest.mark.parametrize(
    'change',
    [
        dict(keys=torch.tensor([4, 1])),
        dict(keys=torch.tensor([1])),
        dict(keys=torch.tensor([1.0, 2.0])),
        dict(scores=torch.zeros(2, 3)),
        dict(scores=torch.zeros(2, 3, 3, dtype=torch.int64)),
        dict(background=torch.zeros(2, 2)),
        dict(size=(0, 3)),
    ],
)
def test_parts_that_do_not_fit_are_refused(change):
    good = dict(keys=torch.tensor([1, 4]), scores=torch.zeros(2, 3, 3), size=(9, 9))
    with pytest.raises(ValueError):
        ScoreMaps(**{**good, **change})
