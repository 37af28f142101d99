# SPDX-License-Identifier: Apache-2.0
import cv2
import pytest
import torch
import torch.nn.functional as F

from wsss.cams import CAM, GradCAM, ViewFusion, grid_size
from wsss.errors import ConfigError

SIZES = [(20, 28), (33, 17), (20, 28), (24, 24)]
CLASSES = [torch.tensor(ids, dtype=torch.int64) for ids in ([0, 3], [2], [], [1, 2, 4])]
SCALES = (1.0, 0.5, 1.5)


@pytest.fixture
def views():
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(*size, 3, generator=generator, dtype=torch.float64) for size in SIZES]
    return [
        [
            torch.from_numpy(
                cv2.resize(image.numpy(), (round(image.shape[1] * s), round(image.shape[0] * s)))
            ).permute(2, 0, 1)
            for s in SCALES
        ]
        for image in images
    ]


def naive(classifier, views, ids, size, flip, norm, to_raw):
    """One image, one scale, one direction at a time; every map is resized on its own."""
    grid = ((size[0] - 1) // 4 + 1, (size[1] - 1) // 4 + 1)
    total = torch.zeros(len(ids), *grid)
    for view in views:
        for turned in (False, True) if flip else (False,):
            maps = to_raw(classifier, view.flip(-1) if turned else view, ids)
            if norm == 'before':
                maps = torch.stack([m / (m.max() + 1e-5) for m in maps])
            maps = F.interpolate(maps[None].float(), grid, mode='bilinear')[0]
            total += maps.flip(-1) if turned else maps
    return torch.stack([m / (m.max() + 1e-5) for m in total])


def cam_by_hand(classifier, view, ids):
    with torch.no_grad():
        features = classifier.backbone(view[None])[-1][0]
    return torch.stack(
        [(classifier.head[-1].weight[c][:, None, None] * features).sum(0).relu() for c in ids]
    ).detach()


@pytest.mark.parametrize('norm', ['after', 'before'])
@pytest.mark.parametrize('flip', [True, False])
@pytest.mark.parametrize('max_batch', [2, 3, 32])
def test_fusion_equals_a_loop_over_single_images(make_classifier, views, flip, norm, max_batch):
    classifier = make_classifier()
    fusion = ViewFusion(flip=flip, norm=norm, max_batch=max_batch)
    result = fusion(CAM(), classifier, views, CLASSES, SIZES, torch.Tensor.double)
    for own, ids, size, maps in zip(views, CLASSES, SIZES, result):
        assert maps.keys.tolist() == ids.tolist() and maps.size == size
        assert maps.scores.shape == (len(ids), *grid_size(size))
        assert maps.scores.dtype == torch.float32
        if len(ids):
            expected = naive(classifier, own, ids, size, flip, norm, cam_by_hand)
            torch.testing.assert_close(maps.scores, expected)


def test_views_of_equal_size_are_run_together(make_classifier, views):
    classifier, sizes = make_classifier(), []
    original = classifier.forward
    classifier.forward = lambda x: (sizes.append(tuple(x.shape)), original(x))[1]
    views, classes = [views[0], views[2], views[3]], [CLASSES[0], CLASSES[1], CLASSES[3]]
    sizes_of = [SIZES[0], SIZES[2], SIZES[3]]
    ViewFusion()(GradCAM(), classifier, views, classes, sizes_of, torch.Tensor.double)
    # two images of 20 x 28 with their mirror images at each scale, and one of 24 x 24
    assert sorted(shape[0] for shape in sizes) == [2, 2, 2, 4, 4, 4]


def test_a_batch_is_never_larger_than_the_bound(make_classifier, views):
    classifier, sizes = make_classifier(), []
    original = classifier.forward
    classifier.forward = lambda x: (sizes.append(len(x)), original(x))[1]
    fusion, four = ViewFusion(max_batch=3), ([views[0]] * 4, [CLASSES[0]] * 4, SIZES[:1] * 4)
    fusion(GradCAM(), classifier, *four, torch.Tensor.double)
    assert max(sizes) == 2


def test_large_views_run_in_small_batches(make_classifier, views):
    classifier, shapes = make_classifier(), []
    original = classifier.forward
    classifier.forward = lambda x: (shapes.append(tuple(x.shape)), original(x))[1]
    four = ([views[0]] * 4, [CLASSES[0]] * 4, SIZES[:1] * 4)
    fusion = ViewFusion(max_pixels=4 * 20 * 28)
    found = fusion(CAM(), classifier, *four, torch.Tensor.double)
    assert max(n for n, _, h, w in shapes if (h, w) == (20, 28)) == 4
    assert max(n for n, _, h, w in shapes if (h, w) == (10, 14)) == 8
    # one view and its mirror image at least
    assert min(n for n, *_ in shapes) == 2
    for one, other in zip(found, ViewFusion()(CAM(), classifier, *four, torch.Tensor.double)):
        torch.testing.assert_close(one.scores, other.scores)


def test_images_without_class_are_not_run(make_classifier, views):
    classifier = make_classifier()
    classifier.forward = None
    (maps,) = ViewFusion()(CAM(), classifier, [views[2]], [CLASSES[2]], [SIZES[2]])
    assert maps.scores.shape == (0, 5, 7)


def test_a_symmetric_image_gets_a_symmetric_map(make_classifier):
    half = torch.rand(3, 20, 14, dtype=torch.float64)
    view = torch.cat([half, half.flip(-1)], dim=-1)
    what = (CAM(), make_classifier(), [[view]], [torch.tensor([2])], [(20, 28)])
    (maps,) = ViewFusion()(*what, torch.Tensor.double)
    torch.testing.assert_close(maps.scores, maps.scores.flip(-1))


def test_prepare_sees_stacks_of_views(make_classifier):
    seen = []

    def prepare(stack):
        seen.append((stack.dtype, tuple(stack.shape)))
        return stack.double() / 255

    view = torch.zeros(3, 8, 8, dtype=torch.uint8)
    ViewFusion()(CAM(), make_classifier(), [[view]], [torch.tensor([0])], [(8, 8)], prepare)
    assert seen == [(torch.uint8, (1, 3, 8, 8))]


def test_the_grid_has_one_cell_for_four_pixels():
    assert grid_size((375, 500)) == (94, 125)
    assert grid_size((1, 4)) == (1, 1)
    assert grid_size((5, 8)) == (2, 2)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(norm='none'), "fusion.norm must be 'after' or 'before', got 'none'"),
        (dict(max_pixels=0), 'fusion.max_pixels must be at least 1'),
        (dict(stride=0), 'fusion.stride must be at least 1'),
        (dict(max_batch=1), r'fusion.max_batch must be at least 2 \(an image and its mirror'),
        (dict(max_batch=0, flip=False), 'fusion.max_batch must be at least 1, got 0'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        ViewFusion(**arguments)
