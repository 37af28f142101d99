# SPDX-License-Identifier: Apache-2.0
"""What all data sets share."""

import random

import pytest

from wsss.datasets.base import ImageRecord, WSSSDataset, choose_held_out
from wsss.errors import ConfigError, DataError


class Toy(WSSSDataset):
    """Records given by the test."""

    records = [ImageRecord(f'i{n}', f'/x/i{n}.jpg', [n % 2], f'/x/i{n}.png') for n in range(10)]

    def describe(self):
        return dict(
            classes=('background', 'a', 'b'), image_classes=('a', 'b'), class_to_label=(1, 2)
        )

    def load_records(self):
        return list(self.records)


def test_held_out_is_stratified_and_independent_of_the_order():
    records = [ImageRecord(f'{c}_{n}', '', [c]) for c in range(37) for n in range(3 + c)]
    chosen = choose_held_out(records, 0.1, 0)
    assert len(chosen) == round(0.1 * len(records))
    for c in range(37):
        share = sum(name.startswith(f'{c}_') for name in chosen) / (3 + c)
        assert abs(share - 0.1) < 1 / (3 + c)
    shuffled = random.Random(0).sample(records, len(records))
    assert choose_held_out(shuffled, 0.1, 0) == chosen
    assert choose_held_out(records, 0.1, 1) != chosen
    assert choose_held_out(records, 0.0, 0) == set()


def test_masks_of_an_earlier_stage_replace_the_truth(tmp_path):
    dataset = Toy(data_root=str(tmp_path), mask_folder='/labels')
    info = dataset.get_data_info(3)
    assert info['mask_path'] == '/labels/i3.png' and info['mask_values'] is None
    assert info['gt_label'] == [1] and info['num_labels'] == 3


def test_a_missing_root_says_how_to_give_one(tmp_path, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    with pytest.raises(ConfigError, match='WSSS_DATA_ROOT'):
        Toy()
    with pytest.raises(DataError, match='/nowhere is not a folder'):
        Toy(data_root='/nowhere')
    assert Toy(lazy_init=True).split == 'train'


def test_the_environment_gives_the_root(tmp_path, monkeypatch):
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    assert Toy(data_root=None).data_root.rstrip('/') == str(tmp_path)


@pytest.mark.parametrize(
    ('records', 'words'),
    [
        ([], "split 'train' .* has no images"),
        ([ImageRecord('a', '', [0])] * 2, "'a' appears twice"),
        ([ImageRecord('a/b', '', [0])], 'cannot name a file'),
        ([ImageRecord('a', '', [2])], r'class ids \[2\] are outside 0..1'),
    ],
)
def test_bad_indices_are_refused(tmp_path, records, words):
    class Bad(Toy):
        pass

    Bad.records = records
    with pytest.raises(DataError, match=words):
        Bad(data_root=str(tmp_path))


def test_held_out_must_be_a_fraction(tmp_path):
    with pytest.raises(ConfigError, match='fraction'):
        Toy(data_root=str(tmp_path), held_out=1.0)


def test_the_index_digest_sees_lists_labels_and_files(tmp_path):
    image = tmp_path / 'i.jpg'
    image.write_bytes(b'one')

    def digest(labels=(0,), content=b'one', **kwargs):
        class Own(Toy):
            records = [ImageRecord('i', str(image), labels)]

        image.write_bytes(content)
        return Own(data_root=str(tmp_path), **kwargs).index_digest()

    first = digest()
    assert digest() == first
    others = [digest(labels=(1,)), digest(content=b'longer'), digest(held_out=0.6)]
    assert first not in others and len(set(others)) == 3
