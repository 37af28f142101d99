# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from wsss.cams import CAM, GradCAM, GradCAMPlusPlus, SoftmaxCAM, ViewFusion
from wsss.errors import ConfigError
from wsss.models import CAMClassifier

IDS = [torch.tensor([0, 3]), torch.tensor([], dtype=torch.int64), torch.tensor([1, 2, 4])]
IDS.append(torch.tensor([3]))
BOTH = ('backbone.stage1', 'backbone.stage2')


@pytest.mark.parametrize('merge', ['mean', 'max'])
@pytest.mark.parametrize('kind', [GradCAM, GradCAMPlusPlus])
@pytest.mark.parametrize('force', [False, True])
def test_maps_of_several_layers_are_normalised_resized_and_merged(
    make_classifier, images, merge, kind, force
):
    classifier = make_classifier()
    merged = kind(layer=BOTH, merge=merge, force_gradient=force).raw_maps(classifier, images, IDS)
    alone = [kind(layer=path).raw_maps(classifier, images, IDS) for path in BOTH]
    for found, fine, coarse in zip(merged, *alone):
        assert found.shape[1:] == (10, 14)
        if len(found):
            parts = [m / m.amax(dim=(1, 2), keepdim=True) for m in (fine, coarse)]
            parts[1] = F.interpolate(parts[1][None], (10, 14), mode='bilinear')[0]
            expected = sum(parts) / 2 if merge == 'mean' else torch.maximum(*parts)
            torch.testing.assert_close(found, expected)


def test_the_order_of_layers_does_not_matter(make_classifier, images):
    classifier = make_classifier(linear=False)
    for one, other in zip(
        GradCAM(layer=BOTH).raw_maps(classifier, images, IDS),
        GradCAM(layer=BOTH[::-1]).raw_maps(classifier, images, IDS),
    ):
        torch.testing.assert_close(one, other)


def test_one_forward_pass_serves_all_layers(make_classifier, images):
    classifier, calls = make_classifier(), []
    handle = classifier.register_forward_hook(lambda *_: calls.append(1))
    GradCAM(layer=BOTH).raw_maps(classifier, images, IDS)
    handle.remove()
    assert len(calls) == 1
    assert not any(m._forward_hooks for m in classifier.modules())


@pytest.mark.parametrize('norm', ['sigmoid', 'softmax'])
def test_logit_maps_are_the_probabilities_of_each_cell(make_classifier, images, norm):
    classifier = make_classifier()
    maps = CAM(norm=norm)(classifier, images, IDS)
    with torch.no_grad():
        logits = classifier.head(classifier.backbone(images)[-1].permute(0, 2, 3, 1))
    for found, ids, own in zip(maps, IDS, logits.permute(0, 3, 1, 2)):
        if norm == 'sigmoid':
            torch.testing.assert_close(found.scores, own[ids].sigmoid())
            assert found.background is None
            continue
        parts = torch.cat([torch.zeros_like(own[:1]), own[ids]]).exp()
        parts = parts / parts.sum(dim=0)
        torch.testing.assert_close(found.scores, parts[1:])
        torch.testing.assert_close(found.background, parts[0])


@pytest.mark.parametrize('norm', ['sigmoid', 'softmax'])
@pytest.mark.parametrize('when', ['after', 'before'])
def test_views_of_logit_maps_are_averaged(make_classifier, images, norm, when):
    classifier, ids = make_classifier(), [torch.tensor([0, 3])]
    view = images[0]
    cam, fusion = CAM(norm=norm), ViewFusion(norm=when, stride=1)
    (found,) = fusion(cam, classifier, [[view, view]], ids, [(20, 28)], torch.Tensor.double)
    pair = torch.stack([view, view.flip(-1)])
    plain, turned = cam.raw_maps(classifier, pair, ids * 2)
    if when == 'before':
        plain, turned = cam.normalize(plain), cam.normalize(turned)
    mean = (plain + turned.flip(-1)).float() / 2
    mean = F.interpolate(mean[None], (20, 28), mode='bilinear')[0]
    expected = mean if when == 'before' else cam.normalize(mean)
    torch.testing.assert_close(found.scores, expected)
    if norm == 'softmax':
        total = found.background + found.scores.sum(dim=0)
        torch.testing.assert_close(total, torch.ones_like(total))


def test_an_image_without_class_is_background(make_classifier, images):
    maps = CAM(norm='softmax')(make_classifier(), images, IDS)[1]
    assert maps.scores.shape == (0, 5, 7) and bool((maps.background == 1).all())


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: CAM(norm='shares'), 'those of CAM are not. Use SoftmaxCAM'),
        (lambda: SoftmaxCAM(norm='shares', layer=BOTH), 'works on one layer'),
        (lambda: GradCAM(norm='sigmoid'), 'those of GradCAM are not. Use CAM'),
        (lambda: CAM(norm='softmax', layer=BOTH), 'works on one layer'),
        (lambda: GradCAM(layer=[]), 'cam.layer must be a dotted path'),
        (lambda: GradCAM(layer=['a', 'a']), 'a list of different ones'),
        (lambda: GradCAM(layer=['a', 3]), 'cam.layer must be a dotted path'),
        (lambda: GradCAM(merge='sum'), "cam.merge='sum' is unknown.* Allowed: mean, max"),
        (lambda: GradCAM(quantile=0), r'cam.quantile must be in \(0, 1\]'),
        (lambda: GradCAM(layout='nhwc'), "cam.layout: unknown layout 'nhwc'"),
        (lambda: GradCAM(patch_size=0), 'cam.patch_size must be a positive number'),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def vit(out_type, **kwargs):
    torch.manual_seed(0)
    model = CAMClassifier(
        backbone=dict(
            type='VisionTransformer',
            arch=dict(embed_dims=24, num_layers=3, num_heads=2, feedforward_channels=32),
            img_size=64,
            patch_size=16,
            out_type=out_type,
        ),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=24),
        **kwargs,
    )
    model.init_weights()
    model.eval()
    return model


def slow_grad_cam(model, block, image, c, grid):
    """Grad-CAM of patch tokens at the first norm of a block, by backward() on one image."""
    kept = []
    handle = block.register_forward_hook(lambda m, i, o: (o.retain_grad(), kept.append(o))[0])
    try:
        model(image[None])[0, c].backward()
    finally:
        handle.remove()
    a, g = kept[0].detach()[0, 1:], kept[0].grad[0, 1:]
    return (a * g.mean(dim=0)).sum(dim=1).clamp(min=0).reshape(grid)


def test_a_vision_transformer_is_explained_at_its_last_norm_before_the_class_token():
    model, images = vit('cls_token'), torch.randn(2, 3, 64, 96)
    ids = [torch.tensor([1]), torch.tensor([0, 2])]
    found = GradCAM().raw_maps(model, images, ids)
    named = GradCAM(layer='backbone.layers.-1.ln1', patch_size=16).raw_maps(model, images, ids)
    block = model.backbone.layers[-1].ln1
    for n, own in enumerate(ids):
        for k, c in enumerate(own.tolist()):
            expected = slow_grad_cam(model, block, images[n], c, (4, 6))
            torch.testing.assert_close(found[n][k], expected, atol=1e-7, rtol=1e-4)
            torch.testing.assert_close(named[n][k], expected, atol=1e-7, rtol=1e-4)


def test_a_vision_transformer_that_gives_maps_has_a_closed_form():
    model, images = (
        vit('featmap', neck=dict(type='GlobalAveragePooling')),
        torch.randn(1, 3, 64, 64),
    )
    (maps,) = CAM(eps=0)(model, images, [torch.tensor([0, 1])])
    (slow,) = GradCAM(eps=0, force_gradient=True)(model, images, [torch.tensor([0, 1])])
    assert maps.scores.shape == (2, 4, 4)
    torch.testing.assert_close(maps.scores, slow.scores, atol=1e-5, rtol=1e-4)


def test_swin_is_explained_at_its_end_and_at_the_tokens_of_a_block():
    torch.manual_seed(0)
    model = CAMClassifier(
        backbone=dict(
            type='SwinTransformer',
            arch=dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2]),
            img_size=64,
            window_size=2,
            pad_small_map=True,
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=128),
    )
    model.eval()
    images, ids = torch.randn(2, 3, 64, 96), [torch.tensor([1]), torch.tensor([0, 2])]
    cam = CAM(eps=0)(model, images, ids)
    tokens = GradCAM(layer='backbone.norm3', eps=0)(model, images, ids)
    block = GradCAM(layer='backbone.stages.-2.blocks.-1')(model, images, ids)
    for one, two, three in zip(cam, tokens, block):
        assert one.scores.shape[1:] == (2, 3) and three.scores.shape[1:] == (4, 6)
        torch.testing.assert_close(one.scores, two.scores, atol=1e-5, rtol=1e-4)


def test_tokens_of_torchvision_transformers_are_found():
    from torchvision.models import SwinTransformer, VisionTransformer

    torch.manual_seed(0)
    images, ids = torch.randn(1, 3, 64, 64), [torch.tensor([0, 2])]
    swin = SwinTransformer([4, 4], 16, [1, 1], [1, 2], [2, 2], num_classes=3).eval()
    cam = CAM(layer='norm', eps=0)(swin, images, ids)[0].scores
    slow = GradCAM(layer='norm', eps=0, force_gradient=True)(swin, images, ids)[0].scores
    assert cam.shape == (2, 8, 8)
    torch.testing.assert_close(cam, slow, atol=1e-5, rtol=1e-4)
    transformer = VisionTransformer(64, 16, 2, 2, 24, 32, num_classes=3).eval()
    nn.init.normal_(transformer.heads.head.weight)
    (maps,) = GradCAM(layer='encoder.layers.-1.ln_1').raw_maps(transformer, images, ids)
    block = transformer.encoder.layers[-1].ln_1
    expected = slow_grad_cam(transformer, block, images[0], 2, (4, 4))
    torch.testing.assert_close(maps[1], expected, atol=1e-7, rtol=1e-4)
