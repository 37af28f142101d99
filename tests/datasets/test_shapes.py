# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from wsss.datasets import Shapes
from wsss.datasets.shapes import choose_folder
from wsss.datasets.shapes_render import SHAPES, VERSION, mark_borders, render_scene
from wsss.datasets.shapes_textures import local_grid, mix, outline, random_colour, texture
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return tmp_path_factory.mktemp('shapes')


@pytest.fixture(scope='module')
def dataset(root):
    return Shapes(12, data_root=str(root), pipeline=[LoadImage(), LoadMask()])


def grid(side=101):
    return local_grid((side, side), (side // 2, side // 2), 0)


# ------------------------------------------------------------------------------------- rendering
@pytest.mark.parametrize(
    'kind, area',
    [
        ('disk', np.pi * 40**2),
        ('half', np.pi * 40**2 / 2),
        ('ring', np.pi * 40**2 * (1 - (7 / 16) ** 2)),
        ('square', 60**2),
        ('triangle', 3 * 3**0.5 / 4 * 40**2),
        ('cross', 2 * 75 * 30 - 30**2),
        ('bar', 80 * 13.3),
    ],
)
def test_outline_has_the_area_of_geometry(kind, area):
    assert outline(kind, *grid(), 40).sum() == pytest.approx(area, rel=0.05)


def test_local_grid_turns_around_the_center():
    y, x = local_grid((9, 9), (4, 4), 90)
    assert (y[4, 4], x[4, 4]) == (0, 0)
    assert (y[4, 6], x[4, 6]) == (-128, 0)
    assert (y[7, 4], x[7, 4]) == (0, 192)


def test_unknown_outline_and_texture_are_refused():
    with pytest.raises(ValueError, match="unknown outline 'star'"):
        outline('star', *grid(5), 2)
    with pytest.raises(ValueError, match="unknown texture 'fur'"):
        texture('fur', *grid(5), 8, None)


@pytest.mark.parametrize(
    'kind', ['plain', 'gradient', 'noise', 'stripes', 'checks', 'dots', 'bricks', 'dashes']
)
def test_textures_stay_in_range_and_show_a_pattern(kind):
    weight = texture(kind, *grid(), 8, np.random.default_rng(0))
    assert weight.dtype == np.int64 and weight.min() >= 0 and weight.max() <= 255
    assert (weight.std() > 20) == (kind != 'plain')


def test_mix_is_the_first_colour_at_0_and_the_second_at_255():
    mixed = mix(np.array([[0, 255]]), np.array([10, 20, 30]), np.array([200, 100, 0]))
    assert mixed.tolist() == [[[10, 20, 30], [200, 100, 0]]]


def test_random_colour_differs_from_what_it_shall_not_be_like():
    rng = np.random.default_rng(0)
    other = np.array([200, 70, 60])
    for _ in range(50):
        # 120 between the base colours, less the jitter of 25 per channel
        assert np.abs(random_colour(rng, unlike=other) - other).sum() >= 120 - 75


def test_mark_borders_voids_one_pixel_on_each_side():
    mask = np.zeros((7, 8), np.uint8)
    mask[:, 4:] = 2
    assert mark_borders(mask, 1)[3].tolist() == [0, 0, 0, 255, 255, 2, 2, 2]
    assert mark_borders(mask, 0)[3].tolist() == [0, 0, 0, 0, 2, 2, 2, 2]


def test_scene_labels_are_the_classes_of_the_mask_and_of_the_boxes():
    several = 0
    for index in range(60):
        scene = render_scene(np.random.default_rng([3, index]))
        assert scene.image.shape == (96, 96, 3) and scene.image.dtype == np.uint8
        assert set(np.unique(scene.mask)) <= {0, 1, 2, 3, 4, 5, 255}
        assert scene.labels and set(scene.labels) == {box[4] for box in scene.boxes}
        several += len(scene.labels) > 1
        for x1, y1, x2, y2, class_id in scene.boxes:
            assert 0 <= x1 < x2 <= 96 and 0 <= y1 < y2 <= 96
            assert (scene.mask[y1:y2, x1:x2] == class_id + 1).any()
    assert several > 20


def rails_beside_squares(context_rate):
    """Count images of squares whose pixels change when the context does."""
    changed = 0
    for index in range(30):
        plain = render_scene(np.random.default_rng([7, index]), max_objects=1, context_rate=0)
        other = render_scene(
            np.random.default_rng([7, index]), max_objects=1, context_rate=context_rate
        )
        changed += plain.labels == [1] and not np.array_equal(plain.image, other.image)
    return changed


def test_context_comes_with_its_class_at_the_given_rate():
    squares = sum(
        render_scene(np.random.default_rng([7, i]), max_objects=1, context_rate=0).labels == [1]
        for i in range(30)
    )
    assert squares > 2
    assert rails_beside_squares(0.0) == 0
    assert rails_beside_squares(1.0) == squares


# -------------------------------------------------------------------------------------- data set
def test_samples_carry_image_mask_and_labels_that_fit(dataset):
    assert len(dataset) == 12
    for sample in dataset:
        present = set(np.unique(sample['gt_seg_map'])) - {0, 255}
        assert present == {label + 1 for label in sample['gt_label']}
        assert sample['img'].shape == (96, 96, 3) and sample['num_labels'] == 6


def test_metainfo_names_background_first():
    info = Shapes(lazy_init=True).metainfo
    assert info['classes'] == ('background', *SHAPES) and info['image_classes'] == SHAPES
    assert info['class_to_label'] == (1, 2, 3, 4, 5) and len(info['palette']) == 6


def test_pixels_depend_on_seed_split_and_number_alone(dataset, tmp_path):
    more = Shapes(14, data_root=str(tmp_path), pipeline=[LoadImage(), LoadMask()])
    for index in (11, 0, 5):
        assert np.array_equal(more[index]['img'], dataset[index]['img'])
        assert np.array_equal(more[index]['gt_seg_map'], dataset[index]['gt_seg_map'])
    for other in (dict(split='val'), dict(split='test'), dict(seed=1)):
        changed = Shapes(1, data_root=str(tmp_path), pipeline=[LoadImage()], **other)
        assert not np.array_equal(changed[0]['img'], dataset[0]['img'])


def test_pixels_are_those_of_this_version_on_every_machine():
    digest = hashlib.sha256()
    for index in range(4):
        scene = render_scene(np.random.default_rng([0, 0, index]))
        digest.update(scene.image.tobytes() + scene.mask.tobytes())
    # raise VERSION together with this value
    assert (VERSION, digest.hexdigest()[:16]) == (1, '1c0ccb5030e7b5a6')


def test_global_random_state_is_left_alone(tmp_path):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Shapes(2, data_root=str(tmp_path))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_lazy_data_set_writes_nothing(tmp_path):
    Shapes(4, data_root=str(tmp_path), lazy_init=True)
    assert not os.listdir(tmp_path)


def test_second_use_reads_the_files_and_replaces_none(dataset, root):
    stamps = {path: path.stat().st_mtime_ns for path in root.rglob('*') if path.is_file()}
    again = Shapes(12, data_root=str(root))
    assert again.index_digest() == dataset.index_digest()
    assert stamps == {path: path.stat().st_mtime_ns for path in root.rglob('*') if path.is_file()}


def test_deleted_files_come_back_as_they_were(tmp_path):
    made = Shapes(3, data_root=str(tmp_path))
    image = Path(made.get_data_info(1)['img_path'])
    content = image.read_bytes()
    image.unlink()
    Shapes(3, data_root=str(tmp_path))
    assert image.read_bytes() == content


def test_folder_without_complete_file_is_finished(tmp_path):
    made = Shapes(3, data_root=str(tmp_path))
    folder = Path(made.data_root)
    (folder / 'complete.json').unlink()
    (folder / 'labels.json').unlink()
    assert Shapes(3, data_root=str(tmp_path)).index_digest() == made.index_digest()
    written = json.loads((folder / 'complete.json').read_text())
    assert written['num_images'] == 3 and written['split'] == 'train'


def _generate(root, queue):
    queue.put(Shapes(10, data_root=root).index_digest())


def test_several_processes_may_generate_at_once(tmp_path, dataset):
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    workers = [
        context.Process(target=_generate, args=(str(tmp_path), queue), daemon=True)
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    digests = {queue.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(60)
    assert all(worker.exitcode == 0 for worker in workers) and len(digests) == 1
    assert not list(tmp_path.rglob('*.part'))


def test_each_set_of_arguments_has_its_own_folder(tmp_path):
    variants = [
        {},
        dict(seed=1),
        dict(split='val'),
        dict(image_size=64),
        dict(image_size=(64, 96)),
        dict(max_objects=2),
        dict(context_rate=0.5),
        dict(typical_rate=0.0),
        dict(border_px=0),
    ]
    made = [Shapes(2, data_root=str(tmp_path), lazy_init=True, **v).data_root for v in variants]
    assert len(set(made)) == len(variants)


def test_image_size_is_height_and_width(tmp_path):
    made = Shapes(1, image_size=(64, 80), data_root=str(tmp_path), pipeline=[LoadImage()])
    assert made[0]['img'].shape == (64, 80, 3)


def test_held_out_part_is_marked(root):
    made = Shapes(12, data_root=str(root), held_out=0.25)
    assert sum(made.get_data_info(i)['held_out'] for i in range(12)) == 3


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(split='trainval'), r"Shapes.split must be one of train, val, test, got 'trainval'"),
        (dict(num_images=0), 'Shapes.num_images must be an integer from 1'),
        (dict(num_images=2.5), 'Shapes.num_images must be an integer'),
        (dict(image_size=32), 'Shapes.image_size must be an integer from 48 to 1024, got 32'),
        (dict(image_size=(96, 96, 3)), r'Shapes.image_size must be \(height, width\)'),
        (dict(seed=-1), 'Shapes.seed must be an integer from 0'),
        (dict(max_objects=9), 'Shapes.max_objects must be an integer from 1 to 8'),
        (dict(border_px=5), 'Shapes.border_px must be an integer from 0 to 4'),
        (dict(context_rate=1.5), r'Shapes.context_rate must be in \[0, 1\], got 1.5'),
        (dict(typical_rate=-0.1), r'Shapes.typical_rate must be in \[0, 1\]'),
    ],
)
def test_values_out_of_range_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Shapes(lazy_init=True, **arguments)


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(DataError, match='cannot write the images to .*file.*Set data_root='):
        Shapes(2, data_root=str(tmp_path / 'file'))


# ---------------------------------------------------------------------------- choice of the folder
def test_folder_is_below_data_root_then_environment_then_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    assert choose_folder('here', 'train-1') == Path('here/train-1')
    assert choose_folder(None, 'train-1') == tmp_path / 'shapes' / 'train-1'
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path / 'missing'))
    assert choose_folder(None, 'train-1') == tmp_path / 'cache' / 'wsss' / 'shapes' / 'train-1'
    monkeypatch.delenv('WSSS_DATA_ROOT')
    assert choose_folder(None, 'train-1') == tmp_path / 'cache' / 'wsss' / 'shapes' / 'train-1'


def test_read_only_environment_folder_is_passed_over_unless_it_holds_the_files(
    tmp_path, monkeypatch
):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    assert choose_folder(None, 'train-1') == tmp_path / 'cache' / 'wsss' / 'shapes' / 'train-1'
    (tmp_path / 'shapes' / 'train-1').mkdir(parents=True)
    (tmp_path / 'shapes' / 'train-1' / 'complete.json').write_text('{}')
    assert choose_folder(None, 'train-1') == tmp_path / 'shapes' / 'train-1'
