# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch import nn

from wsss.cams import CAM, ECS, GradCAM, ViewFusion
from wsss.errors import ConfigError


class Hand(nn.Module):
    """The colours of an image are its features; class c sees channel c."""

    def __init__(self, bias=0.0):
        super().__init__()
        self.features = nn.Identity()
        self.fc = nn.Linear(2, 2)
        self.fc.weight.data = torch.eye(2)
        self.fc.bias.data.fill_(bias)
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return self.fc(self.features(x).mean(dim=(2, 3)))


# one cell is one pixel; class 0 sees a strong and two weaker places, class 1 one place
RED, GREEN = [8.0, 3.0, 2.9, 0.5], [0.0, 0.0, 0.0, 2.0]
IMAGE = torch.tensor([[[RED], [GREEN]]])
BOTH = [torch.tensor([0, 1])]


def ecs(**kwargs):
    return ECS(cam=dict(type='CAM', layer='features'), erase='zero', **kwargs)


def raw(model=None, ids=BOTH, image=IMAGE, **kwargs):
    (found,) = ecs(**kwargs).raw_maps(model or Hand(), image, ids)
    return found[:, 0]


def assert_close(found, expected):
    torch.testing.assert_close(found, torch.tensor(expected))


def test_erasing_reveals_the_next_region_by_hand():
    # M = 1, .375, .3625, .0625; erased: the first; M' = 0, 1, .967, .167; above .8: the next two
    expected = [8.0, 8.0, 8 * 2.9 / 3, 0.5]
    for combine in ('max', 'where'):
        assert_close(raw(ids=[torch.tensor([0])], combine=combine), [expected])
    assert_close(raw(ids=[torch.tensor([0])], combine='sum_clip'), [[8.0, 8.0, 8.0, 0.5]])


def test_each_class_is_erased_by_itself():
    model = Hand()
    raw(model)
    assert torch.equal(model.seen[1][0, :, 0], torch.tensor([[0.0, *RED[1:]], GREEN]))
    assert torch.equal(model.seen[1][1, :, 0], torch.tensor([[*RED[:3], 0.0], [0.0] * 4]))


def test_the_noise_rule_takes_the_best_class_of_the_image():
    image = IMAGE.clone()
    image[0, 0, 0, 2], image[0, 1, 0, 2] = 2.0, 0.9
    # class 0: M' = 0, 1, .667, .167; class 1, whose place 3 is erased: M' = 0, 0, 1, 0
    # at place 2 class 1 is sure, so class 0 counts there with its .667 of 8
    found = raw(image=image)
    assert_close(found, [[8.0, 8.0, 8 * 2 / 3, 0.5], [0.0, 0.0, 2.0, 2.0]])
    # by itself class 0 is not sure there
    assert_close(raw(image=image, ids=[torch.tensor([0])]), [[8.0, 8.0, 2.0, 0.5]])


def test_two_steps_reach_further_than_one():
    image = torch.tensor([[[[8.0, 3.0, 1.0, 0.1]], [[0.0] * 4]]])
    only = [torch.tensor([0])]
    assert_close(raw(image=image, ids=only), [[8.0, 8.0, 1.0, 0.1]])
    assert_close(raw(image=image, ids=only, n_steps=2), [[8.0, 8.0, 8.0, 0.1]])
    assert_close(raw(image=image, ids=only, n_steps=4), [[8.0, 8.0, 8.0, 8.0]])


@pytest.mark.parametrize('kind', ['softmax', 'sigmoid'])
def test_a_class_that_is_no_longer_seen_adds_nothing(kind):
    # without place 0 the logits are 6.4 / 4 = 1.6 and 2 / 4 = .5
    logits = torch.tensor([1.6, 0.5])
    after = float((logits.softmax(0) if kind == 'softmax' else logits.sigmoid())[0])
    only = [torch.tensor([0])]
    assert_close(raw(ids=only, probability=kind, p_min=after + 0.01), [RED])
    found = raw(ids=only, probability=kind, p_min=after - 0.01)
    assert_close(found, [[8.0, 8.0, 8 * 2.9 / 3, 0.5]])


def test_steps_stop_for_one_class_and_go_on_for_another():
    model = Hand()
    raw(model, probability='sigmoid', p_min=0.52, n_steps=3)
    # class 1 has logit 0, probability .5, once its only place is erased; class 0 has logit 1.6,
    # then .125, probability .53, with place 3 alone left
    assert [len(x) for x in model.seen] == [1, 2, 1, 1]


def test_one_forward_pass_a_step_serves_all_images_and_classes(make_classifier, images, classes):
    classifier = make_classifier()
    sizes = []
    classifier.register_forward_hook(lambda module, args, output: sizes.append(len(args[0])))
    ECS(n_steps=2).raw_maps(classifier, images, classes)
    assert sizes == [4, 6, 6]


def test_a_map_without_response_stays_blank_beside_others():
    assert_close(raw(image=torch.tensor([[[RED], [[0.0] * 4]]]))[1], [0.0] * 4)


def test_with_nothing_sure_the_maps_are_those_of_the_inner_cam(make_classifier, images, classes):
    classifier = make_classifier()
    for inner in (CAM(), GradCAM(layer='backbone.stage1')):
        plain = inner.raw_maps(classifier, images, classes)
        for one, other in zip(ECS(inner, theta=1.0).raw_maps(classifier, images, classes), plain):
            torch.testing.assert_close(one, other)


@pytest.mark.parametrize('erase', ['blur', 'mean', 'zero', 'noise'])
@pytest.mark.parametrize('combine', ['max', 'where', 'sum_clip'])
def test_every_way_keeps_the_maximum_and_the_erased_region(
    make_classifier, images, classes, erase, combine
):
    classifier = make_classifier()
    cam = ECS(erase=erase, combine=combine, theta=0.3)
    plain = CAM().raw_maps(classifier, images, classes)
    for one, other in zip(cam.raw_maps(classifier, images, classes), plain):
        torch.testing.assert_close(one.amax((1, 2)), other.amax((1, 2)))
        erased = other > 0.5 * other.amax((1, 2), keepdim=True)
        torch.testing.assert_close(one[erased], other[erased])
        if combine != 'where':
            assert bool((one >= other * (1 - 1e-9)).all())


def test_slow_loop_gives_the_same(make_classifier, images, classes):
    from wsss.ops.erase import gaussian_blur

    classifier = make_classifier()
    fast = ECS(delta=0.4, theta=0.6).raw_maps(classifier, images, classes)
    for n, ids in enumerate(classes):
        image, found, first = images[n : n + 1], [], []
        for c in ids.tolist():
            (maps,) = CAM().raw_maps(classifier, image, [torch.tensor([c])])
            unit = maps[0] / maps.max() if maps.max() > 0 else maps[0]
            big = nn.functional.interpolate(unit[None, None], (20, 28), mode='bilinear')
            blurred = gaussian_blur(image, 20 * 20 / 224)
            erased = torch.where(big > 0.4, blurred, image)
            (after,) = CAM().raw_maps(classifier, erased, [torch.tensor([c])])
            found.append(after[0] / after.max() if after.max() > 0 else after[0])
            first.append((unit, maps.max()))
        for k, (unit, peak) in enumerate(first):
            usable = (torch.stack(found).amax(0) > 0.6) & (unit <= 0.4)
            joined = torch.where(usable, torch.maximum(unit, found[k]), unit)
            torch.testing.assert_close(fast[n][k], joined * peak)


def test_it_works_over_scales_and_mirror_images(make_classifier, images):
    views = [[images[0], images[0, :, ::2, ::2]], [images[1], images[1, :, ::2, ::2]]]
    classifier, ids = make_classifier(), [torch.tensor([0, 3]), torch.tensor([], dtype=torch.int64)]
    fusion, sizes = ViewFusion(), [(20, 28)] * 2
    first, second = fusion(ECS(theta=0.3), classifier, views, ids, sizes, torch.Tensor.double)
    assert first.scores.shape == (2, 5, 7) and second.scores.shape == (0, 5, 7)
    assert float(first.scores.max()) <= 1
    plain, _ = fusion(CAM(), classifier, views, ids, sizes, torch.Tensor.double)
    assert not torch.allclose(first.scores, plain.scores)


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(cam=dict(type='CAMM')), r"cam\.cam\.type: 'CAMM' is not a registered cam"),
        (dict(cam=dict(type='CAM', norm='sigmoid')), "those of ECS are not.*norm='max'"),
        (dict(delta=1.0), r'cam\.delta must be a number in \[0, 1\)'),
        (dict(theta=1.5), r'cam\.theta must be a number in \[0, 1\]'),
        (dict(erase='blurr'), r"cam\.erase='blurr'.*Did you mean 'blur'"),
        (dict(sigma_px=0), r'cam\.sigma_px must be a number above 0'),
        (dict(combine='min'), r'cam\.combine=.*max, where, sum_clip'),
        (dict(n_steps=0), r'cam\.n_steps must be an integer of at least 1'),
        (dict(p_min=-0.1), r'cam\.p_min must be a number in'),
        (dict(probability='logit'), r'cam\.probability=.*softmax, sigmoid'),
    ],
)
def test_wrong_arguments_are_refused(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        ECS(**kwargs)
