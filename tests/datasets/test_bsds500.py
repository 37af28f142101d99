# SPDX-License-Identifier: Apache-2.0
"""BSDS500: its folders, its human segmentations, and files that are no such."""

import numpy as np
import pytest
import torch
from mmseg.datasets.transforms import RandomCrop, RandomFlip
from PIL import Image
from scipy.io import savemat

from wsss.datasets import BSDS500
from wsss.datasets.converters.mat5 import read_mat_cells
from wsss.datasets.human_regions import read_human_regions
from wsss.datasets.transforms import (
    LoadImage,
    LoadRegions,
    LoadSaliency,
    MakeRegions,
    MapsAsFields,
    PackRegions,
    ResizeMaps,
)
from wsss.errors import ConfigError, DataError
from wsss.structures import ScoreMaps

FIRST = np.array([[1, 1, 2, 2, 2, 2], [1, 1, 2, 2, 2, 2], [3, 3, 3, 3, 3, 3]], np.uint16)
SECOND = np.ones((3, 6), np.uint16)


def write_people(path, *maps, compress=True):
    cells = np.empty((1, len(maps)), object)
    for i, one in enumerate(maps):
        cells[0, i] = dict(Segmentation=one, Boundaries=np.zeros(one.shape, np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, dict(groundTruth=cells), do_compression=compress)
    return path


def write_image(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def root(tmp_path):
    for split, names in dict(train=('12', '3'), val=('7',), test=('1', '9')).items():
        for name in names:
            write_image(tmp_path / f'images/{split}/{name}.jpg')
            write_people(tmp_path / f'groundTruth/{split}/{name}.mat', FIRST, SECOND)
    (tmp_path / 'images/train/Thumbs.db').touch()
    return tmp_path


def ids(dataset):
    return [dataset.get_data_info(i)['image_id'] for i in range(len(dataset))]


# ------------------------------------------------------------------------------------ the data set
@pytest.mark.parametrize(
    ('split', 'names'),
    [('train', ['12', '3']), ('val', ['7']), ('test', ['1', '9']), ('trainval', ['12', '3', '7'])],
)
def test_splits_are_folders(root, split, names):
    dataset = BSDS500(str(root), split)
    assert ids(dataset) == names
    info = dataset.get_data_info(0)
    assert info['gt_label'] == [] and info['mask_path'] is None


def test_the_folder_of_the_archive_is_found(root, tmp_path, monkeypatch):
    inside = tmp_path / 'bsds500/BSR/BSDS500/data'
    inside.mkdir(parents=True)
    for name in ('images', 'groundTruth'):
        (root / name).rename(inside / name)
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    assert ids(BSDS500(split='test')) == ['1', '9']


def test_what_is_missing_is_named(root, tmp_path):
    (root / 'images/val/7.jpg').unlink()
    with pytest.raises(DataError, match=r'images/val holds no images'):
        len(BSDS500(str(root), 'trainval'))
    (root / 'groundTruth/train/3.mat').unlink()
    with pytest.raises(DataError, match=r'1 of 2 images have no segmentations .*such as 3 \(\.mat'):
        len(BSDS500(str(root)))
    with pytest.raises(DataError, match='no folder images'):
        len(BSDS500(str(root / 'images/train')))
    with pytest.raises(ConfigError, match=r'BSDS500\.split=.tets.*test'):
        BSDS500(split='tets')


def test_a_changed_segmentation_changes_the_index(root):
    before = BSDS500(str(root)).index_digest(), BSDS500(str(root)).index_digest(masks=False)
    write_people(root / 'groundTruth/train/3.mat', SECOND)
    after = BSDS500(str(root)).index_digest(), BSDS500(str(root)).index_digest(masks=False)
    assert before[0] != after[0] and before[1] == after[1]


# ---------------------------------------------------------------------------------- segmentations
@pytest.mark.parametrize('compress', [False, True])
def test_segmentations_are_what_was_saved(tmp_path, compress):
    path = write_people(tmp_path / 'a.mat', FIRST, SECOND, compress=compress)
    found = read_human_regions(path, (3, 6))
    assert found.dtype == np.int32 and (found == np.stack([FIRST, SECOND])).all()
    assert len(read_mat_cells(path)['groundTruth']) == 2


def test_cells_without_structures_are_passed_over(tmp_path):
    cells = np.empty((1, 3), object)
    cells[:] = [[np.zeros(3), dict(Segmentation=SECOND), 'text']]
    savemat(tmp_path / 'a.mat', dict(groundTruth=cells, other=np.eye(2), one=dict(x=np.eye(2))))
    assert list(read_mat_cells(tmp_path / 'a.mat')) == ['groundTruth']
    assert read_human_regions(tmp_path / 'a.mat', (3, 6)).shape == (1, 3, 6)


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (dict(groundTruth=np.eye(3)), 'no groundTruth of at least one person'),
        (dict(other=np.eye(3)), 'no groundTruth'),
        ([dict(Boundaries=SECOND)], 'no Segmentation'),
        ([dict(Segmentation=SECOND - 1.5)], 'whole numbers'),
        ([dict(Segmentation=SECOND * 1e6)], 'below 65536'),
        ([dict(Segmentation=SECOND[:2])], 'segmentation of 2 x 6 pixels.*3 x 6'),
    ],
)
def test_other_files_are_refused(tmp_path, content, words):
    if isinstance(content, list):
        cells = np.empty((1, len(content)), object)
        cells[0, :] = content
        content = dict(groundTruth=cells)
    savemat(tmp_path / 'a.mat', content)
    with pytest.raises(DataError, match=f'a.mat .*{words}'):
        read_human_regions(tmp_path / 'a.mat', (3, 6))


def test_a_damaged_file_is_named(tmp_path):
    path = write_people(tmp_path / 'a.mat', FIRST)
    content = path.read_bytes()
    for keep in (0, 100, 140, len(content) - 1):
        path.write_bytes(content[:keep])
        with pytest.raises(DataError, match=r'a\.mat'):
            read_human_regions(path, (3, 6))
    plain = bytearray(write_people(path, FIRST, compress=False).read_bytes())
    for at in range(128, len(plain), 3):
        path.write_bytes(plain[:at] + b'\xff' + plain[at + 1 :])
        try:
            read_human_regions(path, (3, 6))
        except DataError:
            pass


# -------------------------------------------------------------------------------------- transforms
def load(root, *transforms, split='train'):
    return BSDS500(str(root), split, pipeline=[LoadImage(), *transforms])[0]


def test_all_people_are_loaded_for_the_metric(root):
    packed = load(root, LoadRegions(), PackRegions())
    assert packed['inputs'].shape == (3, 3, 6) and packed['inputs'].dtype == torch.uint8
    found = packed['data_samples'].human_regions.data
    assert torch.equal(found, torch.from_numpy(np.stack([FIRST, SECOND]).astype(np.int32)))


def test_a_random_person_is_the_target(root):
    torch.manual_seed(0)
    image = load(root)
    found = [LoadRegions('random')(dict(image))['gt_seg_map'] for _ in range(20)]
    # from large to small: 8, 6 and 4 pixels
    first = [[2, 2, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0], [1] * 6]
    seen = {str(one.tolist()) for one in found}
    assert seen == {str(first), str([[0] * 6] * 3)} and found[0].dtype == np.uint8
    few = [LoadRegions('random', 1)(dict(image))['gt_seg_map'] for _ in range(20)]
    assert {255 in one for one in few} == {True, False}


def test_targets_follow_crops_and_flips(root):
    transforms = [
        LoadRegions('random'), RandomCrop((2, 3)), RandomFlip(prob=1.0), PackRegions()
    ]  # fmt: skip
    sample = load(root, *transforms)['data_samples']
    assert sample.gt_sem_seg.data.shape == (1, 2, 3) and sample.img_shape == (2, 3)


@pytest.mark.parametrize('larger', [False, True])
def test_maps_and_saliency_follow_the_image(tmp_path, larger):
    plane = np.arange(18, dtype=np.float32).reshape(3, 6) / 17
    (tmp_path / 'saliency').mkdir()
    np.save(tmp_path / 'saliency/a.npy', plane)
    maps = ScoreMaps(torch.tensor([1, 4]), torch.from_numpy(np.stack([plane, 1 - plane])), (3, 6))
    image = np.round(plane * 255).astype(np.uint8)[..., None].repeat(3, 2)
    results = dict(
        img=image, image_id='a', ori_shape=(3, 6), img_shape=(3, 6), score_maps=maps,
        gt_label=[1, 4], class_to_label=(1, 2, 3, 4, 5), image_classes=tuple('abcde'),
    )  # fmt: skip
    load_saliency = LoadSaliency(str(tmp_path / 'saliency'), '.npy')
    crop, flip = RandomCrop((2, 4)), RandomFlip(prob=1.0)
    resize = [ResizeMaps(scale_factor=2.0)] if larger else []
    for transform in (load_saliency, MapsAsFields(), *resize, crop, flip, PackRegions()):
        results = transform(results)
    if larger:  # numbers between those of the pixels
        assert not np.isin(results['data_samples'].saliency.data.numpy(), plane).all()
    sample, expected = results['data_samples'], results['inputs'][:1] / 255
    assert expected.shape == (1, 2, 4)
    assert torch.allclose(sample.saliency.data, expected, atol=0.003)
    assert torch.allclose(sample.class_maps.data[:1], expected, atol=0.003)
    assert torch.allclose(sample.class_maps.data[1:], 1 - expected, atol=0.003)


def test_an_image_without_classes_has_no_class_maps():
    maps = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 2, 2), (3, 6))
    results = dict(img=np.zeros((3, 6, 3), np.uint8), image_id='a', ori_shape=(3, 6))
    packed = PackRegions()(MapsAsFields()({**results, 'score_maps': maps}))
    assert packed['data_samples'].class_maps.data.shape == (0, 3, 6)


@pytest.mark.parametrize('larger', [False, True])
def test_a_transform_of_the_image_alone_is_named(larger):
    size = (3, 9) if larger else (2, 6)
    results = dict(img=np.zeros((*size, 3), np.uint8), image_id='a', ori_shape=(3, 6))
    planes = dict(saliency=np.zeros((3, 6), np.float32))
    with pytest.raises(
        DataError, match=r"'a' is \(\d, \d\) now, its saliency \(3, 6\).*seg_fields"
    ):
        PackRegions()({**results, **planes})
    maps = dict(num_class_maps=1, class_map_0=planes['saliency'])
    with pytest.raises(DataError, match=r'its class_maps \(3, 6\)'):
        PackRegions()({**results, **maps})


@pytest.mark.parametrize('size', [(2, 6), (3, 7)])
def test_maps_of_another_size_than_their_image_are_named(size):
    maps = ScoreMaps(torch.tensor([0]), torch.zeros(1, *size), size)
    results = dict(img=np.zeros((3, 6, 3), np.uint8), image_id='a', score_maps=maps)
    with pytest.raises(DataError, match=f"'a' has 3 x 6 pixels, its class_map_0 {size[0]} x"):
        MapsAsFields()(results)


def test_regions_of_a_source_are_packed(root):
    packed = load(root, MakeRegions(dict(type='wsss.SLIC', num_segments=20000)), PackRegions())
    found = packed['data_samples'].pred_regions.data
    assert found.shape == (1, 3, 6) and found.unique().tolist() == list(range(int(found.max()) + 1))


def test_what_comes_in_the_wrong_order_is_named(root):
    with pytest.raises(ConfigError, match=r'LoadRegions needs an image of wsss\.BSDS500'):
        LoadRegions()(dict(ori_shape=(3, 6)))
    with pytest.raises(ConfigError, match='MapsAsFields needs score maps or saliency'):
        MapsAsFields()({})
    with pytest.raises(ConfigError, match=r'put wsss\.LoadImage before'):
        MakeRegions(dict(type='SLIC'))({})
    with pytest.raises(ConfigError, match=r'LoadRegions\.max_regions must be at most 255'):
        LoadRegions(max_regions=256)
    with pytest.raises(ConfigError, match=r'LoadRegions\.choose'):
        LoadRegions(choose='one')
