# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch import nn

from wsss.cams import CAM, GradCAM, GradCAMPlusPlus
from wsss.cams.observation import observe
from wsss.errors import CheckpointError, ConfigError

IDS = [torch.tensor([0, 3]), torch.tensor([], dtype=torch.int64), torch.tensor([1, 2, 4])]
IDS.append(torch.tensor([3]))


def close(found, expected, **kwargs):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, **kwargs)


def features_of(classifier, images):
    with torch.no_grad():
        return classifier.backbone(images)[-1]


def test_cam_by_hand():
    class Hand(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Identity()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(self.features(x).mean(dim=(2, 3)))

    model = Hand()
    model.fc.weight.data = torch.tensor([[1.0, -2.0], [0.5, 1.0]])
    x = torch.tensor([[[[1.0, 2.0], [3.0, 0.0]], [[1.0, 0.0], [1.0, 4.0]]]])
    (raw,) = CAM(layer='features').raw_maps(model, x, [torch.tensor([0, 1])])
    # class 0: 1-2, 2-0, 3-2, 0-8; class 1: .5+1, 1+0, 1.5+1, 0+4
    assert raw.tolist() == [[[0, 2], [1, 0]], [[1.5, 1], [2.5, 4]]]
    (maps,) = CAM(layer='features', eps=0)(model, x, [torch.tensor([0, 1])])
    assert maps.scores[1].tolist() == [[0.375, 0.25], [0.625, 1]]


def test_the_mean_of_a_cam_before_relu_is_the_logit_without_bias(make_classifier, images):
    classifier = make_classifier()
    layers = {'backbone': classifier.backbone}
    with observe(classifier, images, layers, lambda x, size: x) as (observation,):
        rows, ids = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 2, 4, 1])
        maps = CAM().explain(observation, rows, ids)
    logits = classifier(images) - classifier.head[-1].bias
    torch.testing.assert_close(maps.mean(dim=(1, 2)), logits[rows, ids].detach())


def test_grad_cam_is_cam_divided_by_the_number_of_cells(make_classifier, images):
    classifier = make_classifier()
    expected = [maps / 35 for maps in CAM().raw_maps(classifier, images, IDS)]
    close(GradCAM().raw_maps(classifier, images, IDS), expected)
    close(GradCAM(force_gradient=True).raw_maps(classifier, images, IDS), expected)
    for one, other in zip(GradCAM()(classifier, images, IDS), CAM(eps=0)(classifier, images, IDS)):
        torch.testing.assert_close(one.scores, other.scores)


@pytest.mark.parametrize('variant', ['paper', 'official', 'pixelwise'])
def test_the_closed_forms_of_grad_cam_pp_equal_its_gradients(make_classifier, images, variant):
    classifier = make_classifier()
    closed = GradCAMPlusPlus(variant=variant, max_maps=2)
    slow = GradCAMPlusPlus(variant=variant, force_gradient=True)
    expected = slow.raw_maps(classifier, images, IDS)
    assert max(float(maps.sum()) for maps in expected if len(maps)) > 0
    close(closed.raw_maps(classifier, images, IDS), expected)
    single = classifier.float()
    close(
        closed.raw_maps(single, images.float(), IDS),
        [maps.float() for maps in expected],
        atol=1e-5,
        rtol=1e-5,
    )


def test_the_closed_forms_of_grad_cam_pp_are_those_of_the_derivation(make_classifier, images):
    classifier = make_classifier()
    features = features_of(classifier, images)
    weight = classifier.head[-1].weight.detach()
    mean, positive = features.mean(dim=(2, 3)), weight.relu()
    paper = GradCAMPlusPlus().raw_maps(classifier, images, IDS)
    official = GradCAMPlusPlus(variant='official').raw_maps(classifier, images, IDS)
    for n, ids in enumerate(IDS):
        for k, c in enumerate(ids.tolist()):
            w = positive[c] / (2 + mean[n] * weight[c])
            torch.testing.assert_close(
                paper[n][k], torch.einsum('c,chw->hw', w, features[n]).relu()
            )
            restricted = torch.einsum('c,chw->hw', positive[c], features[n]) / 35
            torch.testing.assert_close(official[n][k], restricted)


def test_no_backward_pass_is_made_where_the_gradient_is_known(make_classifier, images, monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError('backward')

    monkeypatch.setattr(torch.autograd, 'grad', refuse)
    classifier = make_classifier()
    for cam in (CAM(), GradCAM(), *(GradCAMPlusPlus(variant=v) for v in ('paper', 'pixelwise'))):
        cam.raw_maps(classifier, images, IDS)
    with pytest.raises(RuntimeError, match='backward'):
        GradCAM(layer='backbone.stage1').raw_maps(classifier, images, IDS)


def test_one_backward_pass_serves_all_images(make_classifier, images, monkeypatch):
    calls, original = [], torch.autograd.grad

    def count(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(torch.autograd, 'grad', count)
    GradCAM(layer='backbone.stage1').raw_maps(make_classifier(), images, IDS)
    assert len(calls) == 3  # the largest number of classes of one image


def slow_maps(classifier, images, classes, formula):
    """One image, one class, one backward pass at a time, formula written out with sums."""
    result = []
    for image, ids in zip(images, classes):
        own = []
        for c in ids.tolist():
            a = classifier.backbone.stage1(image[None]).detach().clone().requires_grad_()
            z = classifier.backbone.stage2(a * 1.0).mean(dim=(2, 3))
            classifier.zero_grad()
            classifier.head(z)[0, c].backward()
            own.append(formula(a.detach()[0], a.grad[0]))
        result.append(torch.stack(own) if own else torch.zeros(0, 10, 14, dtype=images.dtype))
    return result


def grad_cam_formula(a, g):
    return sum(g[k].mean() * a[k] for k in range(len(a))).clamp(min=0)


def plus_plus_formula(variant):
    def formula(a, g):
        total = torch.zeros_like(a[0])
        for k in range(len(a)):
            mass = a[k] if variant == 'pixelwise' else a[k].sum()
            denominator = 2 * g[k] ** 2 + g[k] ** 3 * mass
            alpha = torch.where(g[k] > 0, g[k] ** 2 / denominator, 0 * g[k])
            if variant == 'official' and alpha.sum() > 0:
                alpha = alpha / alpha.sum()
            total = total + (alpha * g[k].clamp(min=0)).sum() * a[k]
        return total.clamp(min=0)

    return formula


@pytest.mark.parametrize('linear', [True, False])
@pytest.mark.parametrize(
    'cam, formula',
    [
        (GradCAM, grad_cam_formula),
        *(
            (lambda layer, v=v: GradCAMPlusPlus(layer=layer, variant=v), plus_plus_formula(v))
            for v in ('paper', 'official', 'pixelwise')
        ),
    ],
    ids=['grad_cam', 'paper', 'official', 'pixelwise'],
)
def test_gradients_at_an_earlier_layer_equal_the_slow_form(
    make_classifier, images, cam, formula, linear
):
    classifier = make_classifier(linear=linear)
    expected = slow_maps(classifier, images, IDS, formula)
    classifier.zero_grad()
    close(cam(layer='backbone.stage1').raw_maps(classifier, images, IDS), expected)


def test_an_in_place_relu_after_the_layer_does_not_change_the_map(make_classifier, images):
    classifier = make_classifier()
    found = GradCAM(layer='backbone.stage2.conv').raw_maps(classifier, images, IDS)
    classifier.backbone.stage2.relu.inplace = False
    close(found, GradCAM(layer='backbone.stage2.conv').raw_maps(classifier, images, IDS))
    features = classifier.backbone.stage2.conv(classifier.backbone.stage1(images)).detach()
    weight = classifier.head[-1].weight.detach()[3] / 35
    gradient = (features[3] > 0) * weight[:, None, None]
    expected = torch.einsum('c,chw->hw', gradient.mean(dim=(1, 2)), features[3]).relu()
    torch.testing.assert_close(found[3][0], expected)


def test_a_layer_is_named_by_index_from_the_end(make_classifier, images):
    classifier = make_classifier()
    close(
        GradCAM(layer='backbone.-1.-1').raw_maps(classifier, images, IDS),
        GradCAM(layer='backbone.stage2.relu').raw_maps(classifier, images, IDS),
    )


def test_a_one_by_one_convolution_before_pooling_is_a_linear_head(images):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 1), nn.Flatten(2))
    model = nn.Sequential(model, nn.AdaptiveAvgPool1d(1), nn.Flatten()).double()
    cam = CAM(layer='0.1').raw_maps(model, images, IDS)
    features = model[0][:2](images)
    expected = torch.einsum('c,chw->hw', model[0][2].weight[3, :, 0, 0], features[3]).relu()
    torch.testing.assert_close(cam[3][0], expected.detach())


def test_torchvision_networks_work_with_a_named_layer():
    from torchvision.models import mobilenet_v2, resnet18

    torch.manual_seed(0)
    x, ids = torch.randn(2, 3, 64, 64), [torch.tensor([5]), torch.tensor([1, 9])]
    for model, layer in ((resnet18(), 'layer4'), (mobilenet_v2(), 'features.-1')):
        closed = GradCAM(layer=layer, eps=0)(model.eval(), x, ids)
        slow = GradCAM(layer=layer, eps=0, force_gradient=True)(model, x, ids)
        cam = CAM(layer=layer, eps=0)(model, x, ids)
        for a, b, c in zip(closed, slow, cam):
            torch.testing.assert_close(a.scores, b.scores, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(a.scores, c.scores, atol=1e-5, rtol=1e-5)


def test_tokens_are_read_as_maps_also_by_an_own_reshape(make_classifier, images):
    class Tokens(nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body, self.tokens, self.head = body.backbone, nn.Identity(), body.head

        def forward(self, x):
            return self.head(self.tokens(self.body(x)[-1].flatten(2).transpose(1, 2)).mean(1))

    class TokenGradCAM(GradCAM):
        def reshape(self, features, size):
            return features.transpose(1, 2).unflatten(2, (size[0] // 4, size[1] // 4))

    classifier = make_classifier()
    expected = GradCAM().raw_maps(classifier, images, IDS)
    tokens = Tokens(classifier)
    for force in (False, True):
        for kind in (TokenGradCAM, GradCAM):
            cam = kind(layer='tokens', force_gradient=force)
            close(cam.raw_maps(tokens, images, IDS), expected)
    with pytest.raises(ConfigError, match=r'\(4, 35, 8\): 35 tokens are no grid.*cam.patch_size'):
        GradCAM(layer='tokens', patch_size=3).raw_maps(tokens, images, IDS)


def test_cam_refuses_a_head_that_is_not_linear(make_classifier, images):
    with pytest.raises(ConfigError, match='average pooling and a linear layer.*Use GradCAM'):
        CAM().raw_maps(make_classifier(linear=False), images, IDS)


@pytest.mark.parametrize('pool', ['mean', 'amax'])
def test_features_too_weak_to_show_in_the_logits_are_judged_by_gradients(
    make_classifier, images, pool
):
    classifier = make_classifier(dtype=torch.float32)
    for parameter in classifier.backbone.stage2.parameters():
        parameter.data *= 1e-12
    classifier.forward = lambda x: classifier.head(
        getattr(classifier.backbone(x)[-1], pool)(dim=(2, 3))
    )
    if pool == 'mean':
        found = CAM(eps=0)(classifier, images.float(), IDS)
        for one, other in zip(found, GradCAM(eps=0)(classifier, images.float(), IDS)):
            torch.testing.assert_close(one.scores, other.scores)
    else:
        with pytest.raises(ConfigError, match='average pooling'):
            CAM().raw_maps(classifier, images.float(), IDS)


def test_maximum_pooling_is_not_taken_for_average_pooling(make_classifier, images):
    classifier = make_classifier()
    classifier.forward = lambda x: classifier.head(classifier.backbone(x)[-1].amax(dim=(2, 3)))
    with pytest.raises(ConfigError, match='average pooling'):
        CAM().raw_maps(classifier, images, IDS)


@pytest.mark.parametrize(
    'layer, message',
    [
        ('backbone.stage3', "backbone has no 'stage3'. Did you mean .* It has: stage1, stage2"),
        ('backbone.stage2.-3', "backbone.stage2 has no '-3'. It has: conv, relu"),
        ('backbone.stage2.relu.0', 'It has: nothing inside'),
        ('necks', "TinyClassifier has no 'necks'"),
    ],
)
def test_an_unknown_layer_is_named_with_what_there_is(make_classifier, images, layer, message):
    with pytest.raises(ConfigError, match=message):
        GradCAM(layer=layer).raw_maps(make_classifier(), images, IDS)


def test_a_model_without_backbone_needs_a_layer(images):
    with pytest.raises(ConfigError, match='has no backbone, so the layer must be named'):
        GradCAM().raw_maps(nn.Sequential(nn.Conv2d(3, 5, 1)), images, IDS)


def test_a_layer_that_is_not_run_is_refused(make_classifier, images):
    classifier = make_classifier()
    classifier.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(ConfigError, match='is not run'):
        GradCAM(layer='spare').raw_maps(classifier, images, IDS)


def test_a_layer_that_logits_do_not_depend_on_is_refused(make_classifier, images):
    classifier = make_classifier()
    classifier.extra = nn.Identity()
    classifier.forward = lambda x: (
        classifier.extra(x),
        classifier.head(classifier.backbone(x)[-1].mean(dim=(2, 3))),
    )[1]
    with pytest.raises(ConfigError, match='the logits do not depend on it'):
        GradCAM(layer='extra').raw_maps(classifier, images, IDS)


def test_a_classifier_that_switches_gradients_off_is_refused(make_classifier, images):
    classifier = make_classifier()

    def forward(x):
        with torch.no_grad():
            features = classifier.backbone(x)[-1]
        return classifier.head(features.amax(dim=(2, 3)))

    classifier.forward = forward
    with pytest.raises(ConfigError, match='with gradients'):
        GradCAM(layer='backbone').raw_maps(classifier, images, IDS)


def test_logits_of_another_shape_are_refused(make_classifier, images):
    classifier = make_classifier()
    classifier.forward = lambda x: classifier.backbone(x)[-1]
    with pytest.raises(ConfigError, match=r'must return logits \(N, K\), got \(4, 8, 5, 7\)'):
        GradCAM().raw_maps(classifier, images, IDS)


def test_weights_with_nan_are_refused(make_classifier, images):
    classifier = make_classifier()
    classifier.head[-1].bias.data[0] = float('nan')
    with pytest.raises(CheckpointError, match='not finite'):
        GradCAM().raw_maps(classifier, images, IDS)


def test_a_layer_without_tensor_output_is_refused(make_classifier, images):
    classifier = make_classifier()
    classifier.odd = nn.Identity()
    classifier.forward = lambda x: classifier.odd({'x': x})
    with pytest.raises(ConfigError, match='gives dict, maps need a float tensor'):
        GradCAM(layer='odd').raw_maps(classifier, images, IDS)


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: GradCAMPlusPlus(variant='papers'), "Did you mean 'paper'.*official, pixelwise"),
        (lambda: GradCAM(norm='maxx'), "cam.norm: unknown .* Did you mean 'max'"),
        (lambda: GradCAM(eps=-1.0), 'cam.eps must be at least 0'),
        (lambda: GradCAM(layer=4), 'cam.layer must be a dotted path'),
        (lambda: GradCAM(max_maps=0), 'cam.max_maps must be at least 1'),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
