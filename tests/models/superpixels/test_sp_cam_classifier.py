# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from mmpretrain.structures import DataSample

from wsss.errors import ConfigError, DataError
from wsss.models import SPCAMClassifier
from wsss.ops.association import superpixel_pool, superpixels_to_pixels
from wsss.ops.cells import pad_to_cells
from wsss.structures import WSSSDataSample

CELL = 8
HEAD = dict(
    type='MultiLabelLinearClsHead', num_classes=3, in_channels=64,
    loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
)  # fmt: skip
KERNELS = dict(type='KernelHead', in_channels=64, cell=CELL, hidden=(16,), kernel_size=1)


def superpixels(cell):
    network = dict(type='SuperpixelFCN', cell=cell)
    return dict(type='SuperpixelNet', network=network, attribute='lab')


def make(**changes):
    torch.manual_seed(0)
    arguments = dict(
        backbone=dict(
            type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8,
            strides=(1, 2, 1, 1), norm_eval=True,
        ),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(
            type='wsss.EPSHead', num_classes=3, in_channels=64,
            loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
        ),
        superpixels=superpixels(CELL),
        kernels=KERNELS,
        map_losses=[dict(type='wsss.EPSLoss', loss_weight=0.5)],
    )  # fmt: skip
    model = SPCAMClassifier(**{**arguments, **changes})
    model.init_weights()
    return model


def batch(count=2, size=(32, 40), channels=5):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, 3, *size, generator=generator)
    rest = torch.rand(count, 2, *size, generator=generator)
    rest[:, 0] = 1
    samples = [DataSample().set_gt_label([i % 3]) for i in range(count)]
    return torch.cat([images, rest], 1)[:, :channels], samples


@pytest.mark.parametrize('size', [(32, 40), (37, 44)])
def test_nothing_is_lost_on_the_way_to_superpixels(size):
    model = make().eval()
    images = batch(size=size, channels=3)[0]
    features = model.extract_feat(pad_to_cells(images, CELL), stage='backbone')
    assert torch.allclose(model(images), model.head(model.neck(features)), atol=1e-5)
    maps, q = model.superpixel_maps(images)
    assert maps.shape == (2, 4, -(-size[0] // CELL), -(-size[1] // CELL))
    assert torch.allclose(q.sum(1)[:, : size[0], : size[1]], torch.ones(()), atol=1e-5)
    assert (q[:, :, size[0] :] == 0).all() and (q[..., size[1] :] == 0).all()


def test_kernels_and_backbone_learn_and_superpixels_do_not():
    model = make().train()
    assert not any(module.training for module in model.superpixels.modules())
    before = {key: value.clone() for key, value in model.superpixels.state_dict().items()}
    losses = model(*batch(), mode='loss')
    assert set(losses) == {'loss', 'loss_eps'}
    sum(losses.values()).backward()
    for part in (model.backbone.conv1, model.kernels.encoder[0], model.head.background_fc):
        assert part.weight.grad.abs().max() > 0
    assert all(p.grad is None for p in model.superpixels.parameters())
    after = model.superpixels.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_saliency_is_that_of_superpixels():
    model = make().eval()
    inputs, samples = batch()
    seen = {}
    term = model.map_losses[0]
    term.term = lambda maps, target, valid, saliency: seen.update(v=valid, s=saliency) or maps.sum()
    model.loss(inputs, samples)
    q = model.associate(inputs[:, :3])
    assert torch.allclose(seen['s'], superpixel_pool(inputs[:, 4:], q, CELL), atol=1e-6)
    assert torch.allclose(seen['v'], torch.ones_like(seen['v']), atol=1e-5)


def test_what_is_padded_has_no_saliency_and_does_not_count():
    model = make().eval()
    inputs, samples = batch()
    inputs[:, 3:, :, 24:] = 0
    seen = []
    term = model.map_losses[0]
    term.term = lambda maps, target, valid, saliency: seen.append((valid, saliency)) or maps.sum()
    model.loss(inputs, samples)
    (valid, saliency), q = seen[0], model.associate(inputs[:, :3])
    known = q * inputs[:, 3:4]
    assert torch.allclose(saliency, superpixel_pool(inputs[:, 4:], known, CELL), atol=1e-6)
    assert (valid[..., -1] < 0.7).all() and torch.allclose(valid[..., 0], torch.ones(()), atol=1e-5)


def test_maps_come_from_the_last_layer_at_any_size():
    cam = dict(type='wsss.LayerMaps', layer='to_pixels', first=1)
    model = make(cam=cam, to_pixels=dict(steps=3, upsample=True), fusion=dict(stride=1, flip=False))
    model.eval()
    size = (37, 44)
    view = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    sample = WSSSDataSample(gt_label=torch.tensor([0, 2]), metainfo=dict(ori_shape=size))
    found = model.test_step(dict(inputs=[[view]], data_samples=[sample]))[0].score_maps.scores
    maps, q = model.superpixel_maps(model.normalize_views(view[None]))
    expected = superpixels_to_pixels(maps.softmax(1), q, CELL, 3)[0, [1, 3], :37, :44]
    expected = expected / (expected.amax((1, 2), True) + 1e-5)
    assert torch.allclose(found, expected, atol=1e-4)


def without_background(**changes):
    terms = [dict(type='wsss.ReconstructionLoss', tiles=1)]
    return make(head=HEAD, kernels=dict(**KERNELS, groups=1), map_losses=terms, **changes)


def test_without_a_background_colours_of_superpixels_are_rebuilt():
    model = without_background().train()
    model.head.fc.weight.data.abs_()  # so that all classes are somewhere
    inputs, samples = batch()
    inputs[:, 3:, :, 24:] = 0
    seen = {}
    term = model.map_losses[0].term
    model.map_losses[0].term = lambda *args, **more: seen.update(more) or term(*args, **more)
    losses = model.loss(inputs, samples)
    assert set(losses) == {'loss', 'loss_reconstruction'} and losses['loss_reconstruction'] > 0
    q = model.associate(inputs[:, :3])
    colours = superpixel_pool(inputs[:, :3], q * inputs[:, 3:4], CELL)
    assert torch.allclose(seen['features'], torch.nn.functional.normalize(colours), atol=1e-6)
    losses['loss_reconstruction'].backward()
    for part in (model.backbone.conv1, model.kernels.encoder[0], model.head.fc):
        assert part.weight.grad.abs().max() > 0


def test_without_a_background_maps_are_positive_logits():
    cam = dict(type='wsss.LayerMaps', layer='to_pixels')
    model = without_background(
        cam=cam, to_pixels=dict(steps=3, upsample=True), fusion=dict(stride=1, flip=False)
    ).eval()
    view = torch.randint(0, 256, (3, 32, 40), dtype=torch.uint8)
    sample = WSSSDataSample(gt_label=torch.tensor([0, 2]), metainfo=dict(ori_shape=(32, 40)))
    found = model.test_step(dict(inputs=[[view]], data_samples=[sample]))[0].score_maps.scores
    maps, q = model.superpixel_maps(model.normalize_views(view[None]))
    assert maps.shape[1] == 3
    expected = superpixels_to_pixels(maps.relu(), q, CELL, 3)[0, [0, 2]]
    expected = expected / (expected.amax((1, 2), True) + 1e-5)
    assert torch.allclose(found, expected, atol=1e-4)
    images = model.normalize_views(view[None])
    logits = model.head(model.neck(model.extract_feat(images, stage='backbone')))
    assert torch.allclose(model(images), logits, atol=1e-5)


def test_superpixels_see_images_by_their_own_mean():
    preprocessor = dict(mean=[120.0] * 3, std=[60.0] * 3)
    own = dict(type='mmseg.SegDataPreProcessor', mean=[100.0] * 3, std=[255.0] * 3)
    model = make(
        data_preprocessor=preprocessor, superpixels=dict(**superpixels(CELL), data_preprocessor=own)
    )
    images = torch.rand(1, 3, 16, 16) * 255
    seen = []
    model.superpixels.network.register_forward_hook(lambda module, inputs, _: seen.append(inputs))
    model.eval().associate((images - 120) / 60)
    assert torch.allclose(seen[0][0], (images - 100) / 255, atol=1e-5)


def test_each_superpixel_can_take_instead():
    model = make(normalized='target').eval()
    with torch.no_grad():
        for layer in (model.head.fc, model.head.background_fc):
            layer.weight.zero_()
    maps, _ = model.superpixel_maps(batch(channels=3)[0])
    assert torch.equal(maps, torch.zeros_like(maps))


@pytest.mark.parametrize(
    'changes, words',
    [
        (dict(normalized='both'), 'model.normalized'),
        (dict(to_pixels=dict(steps=-1)), 'to_pixels.steps'),
        (dict(superpixels=superpixels(16)), 'must be equal'),
        (dict(head=HEAD, map_losses=[]), 'groups must be 1'),
        (dict(kernels=dict(**KERNELS, groups=1)), 'groups must be 2'),
        (dict(head=HEAD, kernels=dict(**KERNELS, groups=1)), 'EPSLoss needs a map'),
        (dict(cam=dict(type='wsss.LayerMaps', layer='to_pixels')), 'first must be 1'),
        (dict(head=dict(type='MultiLabelClsHead'), map_losses=[]), 'linear layer fc'),
        (dict(head=None, map_losses=[]), 'linear layer fc'),
        (
            dict(
                head=HEAD,
                map_losses=[],
                kernels=dict(**KERNELS, groups=1),
                cam=dict(type='wsss.LayerMaps', layer='to_pixels', norm='shares'),
            ),
            'background that was learnt',
        ),
        (dict(neck=dict(type='wsss.DropoutPooling')), 'leaves out a share of 0.5'),
        (dict(neck=dict(type='GeneralizedMeanPooling')), 'GeneralizedMeanPooling does more'),
        (dict(head={**HEAD, 'type': 'wsss.DistillHead'}, map_losses=[]), 'terms of its own'),
    ],
)
def test_parts_that_do_not_fit_are_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        make(**changes)


def test_an_image_smaller_than_a_superpixel_is_named():
    model = make(cam=dict(type='wsss.LayerMaps', layer='to_pixels', first=1))
    inputs, samples = batch()
    samples[1].set_metainfo(dict(image_id='b', ori_shape=(7, 40)))
    with pytest.raises(DataError, match=r"image 'b' has 7 x 40 pixels, a superpixel 8 x 8"):
        model.loss(inputs, samples)
    sample = WSSSDataSample(gt_label=torch.tensor([0]), metainfo=dict(ori_shape=(40, 7)))
    views = [torch.zeros(3, 40, 7, dtype=torch.uint8)]
    with pytest.raises(DataError, match='has 40 x 7 pixels'):
        model.eval().test_step(dict(inputs=[views], data_samples=[sample]))


def test_a_backbone_of_another_stride_is_refused():
    backbone = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)
    with pytest.raises(ConfigError, match='superpixel of 8 pixels'):
        make(backbone=backbone)(batch(channels=3)[0])


def test_kernels_that_nothing_teaches_are_refused():
    with pytest.raises(ConfigError, match='map_losses is empty'):
        make(map_losses=[]).loss(*batch())
    with pytest.raises(ConfigError, match='map of the background, and nothing teaches it'):
        make(map_losses=[dict(type='wsss.ReconstructionLoss')]).loss(*batch())


def test_a_learnt_background_is_what_classes_leave():
    cam = dict(type='wsss.LayerMaps', layer='to_pixels', first=1, norm='shares')
    model = make(
        cam=cam, to_pixels=dict(steps=3, upsample=True), fusion=dict(stride=1, flip=False)
    ).eval()
    view = torch.randint(0, 256, (3, 32, 40), dtype=torch.uint8)
    sample = WSSSDataSample(gt_label=torch.tensor([0, 2]), metainfo=dict(ori_shape=(32, 40)))
    other = WSSSDataSample(gt_label=torch.tensor([], dtype=int), metainfo=dict(ori_shape=(32, 40)))
    data = dict(inputs=[[view], [view]], data_samples=[sample, other])
    found, empty = (own.score_maps for own in model.test_step(data))
    maps, q = model.superpixel_maps(model.normalize_views(view[None]))
    shares = superpixels_to_pixels(maps.softmax(1), q, CELL, 3)[0]
    assert torch.allclose(found.scores, shares[[1, 3]], atol=1e-4)
    assert torch.allclose(found.background, shares[0] + shares[2], atol=1e-4)
    assert empty.scores.shape == (0, 32, 40) and bool((empty.background == 1).all())


def test_saliency_mixed_with_padding_is_that_of_what_is_known():
    model = make().eval()
    inputs, samples = batch()
    inputs[:, 4] = 1
    inputs[:, 3:, :, 16:] *= 0.7  # mixed with the padding of another image
    seen = []
    term = model.map_losses[0]
    term.term = lambda maps, target, valid, saliency: seen.append((valid, saliency)) or maps.sum()
    model.loss(inputs, samples)
    assert torch.allclose(seen[0][1], torch.ones(()), atol=1e-5)
    assert 0.69 < seen[0][0][..., -1].min() < 0.72


def test_a_bias_belongs_to_the_image_not_to_its_cells():
    model = without_background().eval()
    images = batch(channels=3)[0]
    before, logits = model.superpixel_maps(images)[0], model(images)
    model.head.fc.bias.data += 3
    assert torch.equal(model.superpixel_maps(images)[0], before)
    assert torch.allclose(model(images), logits + 3, atol=1e-5)
