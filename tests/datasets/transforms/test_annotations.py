# SPDX-License-Identifier: Apache-2.0
"""Weak labels from data sets, files and masks."""

import json

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import OxfordPet, Shapes
from wsss.datasets.transforms import (
    LoadBoxes,
    LoadPoints,
    LoadSaliency,
    LoadScribbles,
    MakeSeeds,
    SimulateBoxes,
    SimulatePoints,
    SimulateScribbles,
)
from wsss.errors import ConfigError, DataError

MASK = np.zeros((20, 30), np.uint8)
MASK[2:9, 3:12] = 1
MASK[12:18, 5:9] = 1
MASK[11, 20] = 1  # a speck
MASK[5:15, 14:18] = 2
MASK[0] = 255


def results(mask=MASK, **changes):
    known = dict(
        image_id='cat',
        ori_shape=mask.shape,
        gt_label=[0, 1],
        gt_seg_map=mask,
        num_labels=3,
        class_to_label=(1, 2),
        image_classes=('cat', 'dog'),
        box_source='boxes',
        boxes=[(3, 2, 12, 9, 0), (14, 5, 18, 15, 1)],
    )
    return {**known, **changes}


def test_simulated_boxes_are_tight():
    boxes = SimulateBoxes()(results())['annotation'].boxes
    assert boxes.tolist() == [[3, 2, 21, 18, 0], [14, 5, 18, 15, 1]]
    parts = SimulateBoxes(per='component')(results())['annotation'].boxes
    assert parts.tolist() == [[3, 2, 12, 9, 0], [14, 5, 18, 15, 1], [5, 12, 9, 18, 0]]
    assert len(SimulateBoxes(per='component', min_area=1)(results())['annotation'].boxes) == 4


def test_a_class_smaller_than_the_minimum_keeps_its_largest_part():
    boxes = SimulateBoxes(per='component', min_area=1000)(results())['annotation'].boxes
    assert boxes.tolist() == [[3, 2, 12, 9, 0], [14, 5, 18, 15, 1]]


@pytest.mark.parametrize('number', [1, 3])
def test_simulated_points_lie_on_their_object(number):
    points = SimulatePoints(number, num_background=2)(results())['annotation'].points
    y, x, classes = points.astype(int).T
    assert (MASK[y, x] == classes + 1).all()
    # three parts, and the background
    assert len(points) == 3 * number + 2 and (classes == -1).sum() == 2
    assert len(np.unique(points, axis=0)) == len(points)


def test_points_of_an_object_fill_it_before_they_repeat():
    found = SimulatePoints(1000, 0, min_area=1)(results())['annotation'].points
    assert len(found) == ((MASK > 0) & (MASK < 255)).sum() == len(np.unique(found, axis=0))


def test_simulated_scribbles_lie_inside_and_are_a_part_of_the_whole_stroke():
    half, whole = (
        SimulateScribbles(fraction=f)(results())['annotation'].scribbles for f in (0.5, 1.0)
    )
    for drawn in (half, whole):
        assert (MASK[drawn >= -1] == drawn[drawn >= -1] + 1).all()
        assert {-1, 0, 1} <= set(np.unique(drawn).tolist())
    assert (whole[half != -2] == half[half != -2]).all()
    assert 0.4 < (half >= 0).sum() / (whole >= 0).sum() < 0.75
    assert (SimulateScribbles(background=False)(results())['annotation'].scribbles != -1).all()


@pytest.mark.parametrize('simulator', [SimulatePoints, SimulateScribbles])
def test_what_is_random_depends_on_image_and_seed_alone(simulator):
    def drawn(seed=0, **changes):
        annotation = simulator(seed=seed)(results(**changes))['annotation']
        return getattr(annotation, simulator.field)

    assert np.array_equal(drawn(), drawn())
    assert not np.array_equal(drawn(), drawn(image_id='dog'))
    assert not np.array_equal(drawn(), drawn(seed=1))


def test_objects_that_touch_get_strokes_of_their_own():
    mask = np.ones((11, 40), np.uint8)
    mask[:, 20:] = 2
    drawn = SimulateScribbles(fraction=1.0, background=False)(results(mask))['annotation'].scribbles
    assert (drawn[:, :20] != 1).all() and (drawn[:, 20:] != 0).all()
    assert (drawn == 0).any() and (drawn == 1).any()


def test_simulated_is_said_and_the_mask_is_not_handed_on(tmp_path):
    Image.fromarray(MASK).save(tmp_path / 'cat.png')
    known = results(mask_path=str(tmp_path / 'cat.png'))
    del known['gt_seg_map']
    found = SimulateBoxes()(known)
    assert found['annotation_source'] == 'simulated boxes' and 'gt_seg_map' not in found
    assert SimulatePoints()(found)['annotation_source'] == 'simulated boxes, simulated points'
    assert LoadBoxes()(results())['annotation_source'] == 'boxes'
    assert found['annotation'].boxes is not None and found['annotation'].points is not None


def test_a_label_shared_by_classes_is_the_one_that_is_present():
    shared = dict(class_to_label=(1, 1, 2), image_classes=('pug', 'beagle', 'cat'))
    boxes = SimulateBoxes()(results(gt_label=[1, 2], **shared))['annotation'].boxes
    assert boxes[:, 4].tolist() == [1, 2]
    with pytest.raises(DataError, match=r"'cat': SimulateBoxes: .*label 1 .*classes \[0, 1\]"):
        SimulateBoxes()(results(gt_label=[0, 1, 2], **shared))


def test_what_the_image_does_not_show_is_not_marked():
    assert SimulateBoxes()(results(gt_label=[0]))['annotation'].boxes[:, 4].tolist() == [0]


@pytest.mark.parametrize('simulator', [SimulateBoxes, SimulatePoints, SimulateScribbles])
def test_a_class_without_pixels_is_refused_unless_allowed(simulator):
    mask = np.where(MASK == 2, 0, MASK)
    with pytest.raises(DataError, match=r"image 'cat': Simulate\w+: there are no \w+ of dog"):
        simulator()(results(mask))
    assert simulator(allow_missing=True)(results(mask))['annotation'].labels == (0, 1)
    nothing = simulator(allow_missing=True)(results(np.full((5, 6), 255, np.uint8)))
    maker = dict(boxes='BoxHeatmap', points='PointSeeds', scribbles='ScribbleSeeds')
    maps = MakeSeeds(dict(type=maker[simulator.field]))(nothing)['score_maps']
    assert not maps.scores.any()


def test_boxes_of_the_data_set():
    boxes = LoadBoxes()(results())['annotation'].boxes
    assert boxes.tolist() == [[3, 2, 12, 9, 0], [14, 5, 18, 15, 1]]
    with pytest.raises(DataError, match=r"'cat': LoadBoxes: there are no boxes of dog"):
        LoadBoxes()(results(boxes=[(3, 2, 12, 9, 0)]))
    assert len(LoadBoxes(allow_missing=True)(results(boxes=[]))['annotation'].boxes) == 0
    assert LoadBoxes()(results(box_source='head boxes'))['annotation'].head_boxes


def test_a_pipeline_of_a_data_set_sees_its_classes(tmp_path):
    steps = [dict(type=f'wsss.{name}') for name in ('LoadImage', 'LoadBoxes')]
    dataset = Shapes(data_root=str(tmp_path), num_images=2, image_size=(48, 48), pipeline=steps)
    found = dataset[0]
    assert found['annotation'].labels == tuple(found['gt_label'])
    assert found['image_classes'] == dataset.metainfo['image_classes']
    sources = [OxfordPet(boxes=boxes, lazy_init=True).box_source for boxes in ('head', 'tight')]
    assert sources == ['head boxes', 'simulated boxes']


def test_points_of_a_table_and_of_json(tmp_path):
    table, other = tmp_path / 'points.csv', tmp_path / 'points.json'
    table.write_text('class,image_id,y,x\ncat,cat,3,4.5\ndog,cat,6,15\nbackground,cat,1,0\n')
    other.write_text(json.dumps({'cat': [[4.5, 3, 'cat'], [15, 6, 'dog'], [0, 1, 'background']]}))
    for file in (table, other):
        points = LoadPoints(str(file))(results())['annotation'].points
        assert points.tolist() == [[3, 4.5, 0], [6, 15, 1], [1, 0, -1]]
    with pytest.raises(DataError, match="image 'dog': LoadPoints: there are no points of cat, dog"):
        LoadPoints(str(table))(results(image_id='dog'))


@pytest.mark.parametrize(
    ('name', 'content', 'said'),
    [
        ('a.csv', 'image_id,x,y\n', 'first line must be image_id,x,y,class'),
        ('a.csv', 'image_id,x,y,class\ncat,1,2\n', 'a.csv, line 2: 3 cells'),
        ('a.csv', 'image_id,x,y,class\ncat,1,up,dog\n', "a.csv, line 2.*'up'"),
        ('a.csv', 'image_id,x,y,class\ncat,1,2,dgo\n', "class 'dgo'.*Did you mean 'dog'"),
        ('a.csv', 'image_id,x,y,class\ncat,30,2,dog\n', 'outside of the 20 x 30'),
        ('a.csv', 'image_id,x,y,class\ncat,nan,2,dog\n', 'NaN'),
        ('a.json', '[1]', 'must hold {image id'),
        ('a.json', '{"cat": [[1, 2]]}', 'is not a point'),
    ],
)
def test_points_that_cannot_be_used_name_file_and_line(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        LoadPoints(str(tmp_path / name))(results())


def test_saliency_of_pictures_and_arrays(tmp_path):
    grey = np.arange(600, dtype=np.uint8).reshape(20, 30)
    Image.fromarray(grey).save(tmp_path / 'cat.png')
    np.save(tmp_path / 'cat.npy', (grey / 255).astype(np.float16))
    for suffix, error in (('.png', 1e-6), ('.npy', 1e-3)):
        found = LoadSaliency(str(tmp_path), suffix)(results())['annotation'].saliency
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, grey / 255, atol=error)


def test_saliency_that_cannot_be_used_names_the_file(tmp_path):
    load = LoadSaliency(str(tmp_path))
    with pytest.raises(DataError, match=r"image 'cat': .*cat.png does not exist"):
        load(results())
    Image.fromarray(np.zeros((20, 31), np.uint8)).save(tmp_path / 'cat.png')
    with pytest.raises(DataError, match='cat.png is 20 x 31 .* its image is 20 x 30'):
        load(results())
    Image.new('RGB', (30, 20), (9, 80, 3)).save(tmp_path / 'cat.png')
    with pytest.raises(DataError, match='cat.png is in colours'):
        load(results())
    for array, said in (
        (np.full((20, 30), 1.5), 'outside of 0..1'),
        (np.full((20, 30), np.nan), 'NaN'),
        (np.zeros((30, 20)), '30 x 20 .* 20 x 30'),
        (np.zeros((20, 30), int), 'not an array of floats'),
        (np.zeros((200, 300)), 'more than'),
    ):
        np.save(tmp_path / 'cat.npy', array)
        with pytest.raises(DataError, match=rf'cat.npy.*{said}'):
            LoadSaliency(str(tmp_path), '.npy')(results())


def test_scribbles_of_label_maps(tmp_path):
    labels = np.full((20, 30), 255, np.uint8)
    labels[3, 4:8], labels[6, 15], labels[19] = 1, 2, 0
    Image.fromarray(labels).save(tmp_path / 'cat.png')
    drawn = LoadScribbles(str(tmp_path))(results())['annotation'].scribbles
    assert (drawn == np.where(labels == 255, -2, labels.astype(int) - 1)).all()
    with pytest.raises(DataError, match=r"image 'a': LoadScribbles: .*a.png do not exist"):
        LoadScribbles(str(tmp_path))(results(image_id='a'))
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(tmp_path / 'cat.png')
    with pytest.raises(DataError, match=r'values \[7\]'):
        LoadScribbles(str(tmp_path))(results())


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: SimulateBoxes(per='object'), "'class' or 'component'"),
        (
            lambda: SimulatePoints(num_per_object=0),
            'num_per_object must be an integer of at least 1',
        ),
        (lambda: SimulatePoints(seed=-1), 'SimulatePoints.seed'),
        (lambda: SimulateScribbles(fraction=0), 'fraction must be a number in'),
        (lambda: LoadPoints(None), 'LoadPoints.file must be a path'),
        (lambda: LoadSaliency(''), 'LoadSaliency.folder must be a text'),
        (lambda: LoadScribbles(1), 'LoadScribbles.folder must be a path'),
        (lambda: MakeSeeds(dict(type='BoxHeatmaps')), "Did you mean 'BoxHeatmap'"),
        (lambda: MakeSeeds(dict(type='BoxHeatmap'))({}), 'put wsss.LoadBoxes'),
        (lambda: LoadBoxes()(dict(image_id='a')), 'put wsss.LoadImage before it'),
    ],
)
def test_a_wrong_config_names_the_key(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
