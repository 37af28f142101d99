# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from wsss.cams import GradCAM
from wsss.errors import ConfigError, DataError
from wsss.models import CAMClassifier
from wsss.registry import MODELS
from wsss.structures import WSSSDataSample

MEAN, STD = [123.0, 116.0, 103.0], [58.0, 57.0, 56.0]


def config(head='LinearClsHead', **kwargs):
    return dict(
        data_preprocessor=dict(mean=MEAN, std=STD),
        backbone=dict(type='mmpretrain.MobileNetV2', widen_factor=0.25),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(type=f'mmpretrain.{head}', num_classes=4, in_channels=1280),
        **kwargs,
    )


@pytest.fixture
def make_model():
    def make(**kwargs):
        torch.manual_seed(0)
        model = CAMClassifier(**config(**kwargs))
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode='fan_out')
        torch.nn.init.normal_(model.head.fc.weight)
        model.eval()
        return model

    return make


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(1)

    def view(h, w):
        return torch.randint(0, 256, (3, h, w), generator=generator, dtype=torch.uint8)

    samples = [
        WSSSDataSample(gt_label=torch.tensor(ids), metainfo=dict(image_id=name, ori_shape=size))
        for ids, name, size in (([2, 0], 'a', (60, 44)), ([1], 'b', (33, 50)))
    ]
    return dict(
        inputs=[[view(64, 64), view(32, 32)], [view(64, 64), view(32, 32)]], data_samples=samples
    )


def test_test_step_returns_maps_of_the_labels_on_the_grid_of_the_original(make_model, data):
    first, second = make_model(cam=dict(type='GradCAM')).test_step(data)
    assert first.score_maps.keys.tolist() == [0, 2]
    assert first.score_maps.scores.shape == (2, 15, 11)
    assert first.score_maps.size == (60, 44)
    assert second.score_maps.scores.shape == (1, 9, 13)
    assert float(first.score_maps.scores.max()) <= 1
    assert float(first.score_maps.scores.max()) == pytest.approx(1)


def test_extraction_changes_neither_maps_nor_weights(make_model, data):
    plain = make_model(
        cam=dict(type='GradCAMPlusPlus'),
        extraction=dict(fold_batch_norm=False, channels_last=False, fast_pointwise=False),
    )
    expected = [s.score_maps.scores.clone() for s in plain.test_step(data)]
    fast = make_model(cam=dict(type='GradCAMPlusPlus'))
    state = {key: value.clone() for key, value in fast.state_dict().items()}
    for sample, scores in zip(fast.test_step(data), expected):
        torch.testing.assert_close(sample.score_maps.scores, scores, atol=1e-4, rtol=0)
    assert all(torch.equal(value, state[key]) for key, value in fast.state_dict().items())
    assert list(fast.state_dict()) == list(plain.state_dict())


def test_maps_follow_weights_that_change_between_steps(make_model, data):
    model = make_model(cam=dict(type='CAM'))
    before = model.test_step(data)[0].score_maps.scores.clone()
    model.head.fc.weight.data.neg_()
    after = model.test_step(data)[0].score_maps.scores.clone()
    model.head.fc.weight.data.neg_()
    assert not torch.allclose(before, after)
    torch.testing.assert_close(model.test_step(data)[0].score_maps.scores, before)


def test_mixed_precision_gives_nearly_the_same_maps(make_model, data):
    expected = [
        s.score_maps.scores.clone() for s in make_model(cam=dict(type='CAM')).test_step(data)
    ]
    half = make_model(cam=dict(type='CAM'), extraction=dict(dtype='bfloat16'))
    for sample, scores in zip(half.test_step(data), expected):
        assert sample.score_maps.scores.dtype == torch.float32
        assert float((sample.score_maps.scores - scores).abs().mean()) < 0.05


def test_views_are_normalised_with_mean_and_deviation(make_model, data):
    model = make_model(cam=dict(type='GradCAM'), fusion=dict(flip=False, stride=1))
    data['inputs'] = [own[:1] for own in data['inputs']]
    image = (data['inputs'][1][0].float() - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[
        :, None, None
    ]
    (raw,) = GradCAM().raw_maps(model, image[None], [torch.tensor([1])])
    expected = torch.nn.functional.interpolate(raw[None], (33, 50), mode='bilinear')[0]
    maps = model.test_step(data)[1].score_maps.scores
    torch.testing.assert_close(maps, expected / expected.max(), atol=1e-5, rtol=1e-4)


def test_float_views_and_uint8_views_give_the_same(make_model, data):
    model = make_model(cam=dict(type='CAM'))
    expected = [s.score_maps.scores.clone() for s in model.test_step(data)]
    data['inputs'] = [[view.float() for view in own] for own in data['inputs']]
    for sample, scores in zip(model.test_step(data), expected):
        torch.testing.assert_close(sample.score_maps.scores, scores)


def test_parameters_are_the_same_with_and_without_cam(make_model):
    plain, explaining = make_model(), make_model(cam=dict(type='wsss.GradCAMPlusPlus'))
    assert list(plain.state_dict()) == list(explaining.state_dict())
    explaining.load_state_dict(plain.state_dict(), strict=True)
    coarse = make_model(output_stride=16)
    coarse.load_state_dict(plain.state_dict(), strict=True)


def test_without_cam_it_trains_and_predicts_as_in_mmpretrain(make_model):
    model = make_model()
    samples = [DataSample().set_gt_label(i) for i in (0, 3)]
    data = dict(inputs=[torch.zeros(3, 32, 32)] * 2, data_samples=samples)
    model.train()
    prepared = model.data_preprocessor(data, training=True)
    losses = model(**prepared, mode='loss')
    losses['loss'].backward()
    assert model.head.fc.weight.grad is not None
    model.eval()
    assert all(s.pred_score.shape == (4,) for s in model.test_step(data))
    with pytest.raises(ConfigError, match='model.cam is not set'):
        model.explain([], [])


def test_val_step_stays_a_classification(make_model):
    model = make_model(cam=dict(type='GradCAM'))
    data = dict(inputs=[torch.zeros(3, 32, 32)], data_samples=[DataSample().set_gt_label(1)])
    assert model.val_step(data)[0].pred_label.shape == (1,)


def test_it_is_built_from_a_config_in_the_scope_of_mmpretrain():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(type='wsss.CAMClassifier', **config(cam=dict(type='wsss.CAM'), output_stride=16))
        )
    assert isinstance(model, CAMClassifier)


@pytest.mark.parametrize('scope', ['mmengine', 'mmseg', 'wsss'])
def test_it_is_built_in_any_other_scope(scope):
    with DefaultScope.overwrite_default_scope(scope):
        CAMClassifier(**config())


def test_output_stride_makes_finer_feature_maps(make_model):
    model = make_model(output_stride=16)
    assert model.backbone(torch.zeros(1, 3, 64, 64))[-1].shape[-2:] == (4, 4)


@pytest.mark.parametrize('head', ['LinearClsHead', 'MultiLabelLinearClsHead'])
def test_predicted_classes_come_from_the_head(make_model, data, head):
    model = make_model(cam=dict(type='GradCAM'), head=head, class_source='pred')
    batch = model.normalize_views(torch.stack([own[0] for own in data['inputs']]))
    predictions = model.predict(batch)
    for sample, predicted in zip(model.test_step(data), predictions):
        assert sample.score_maps.keys.tolist() == sorted(predicted.pred_label.tolist())


def test_an_extra_class_is_predicted_and_never_explained(make_model, data):
    model = make_model(cam=dict(type='GradCAM'), class_source='pred', extra_classes=1)
    model.head.fc.bias.data[3] = 1e4
    for sample in model.test_step(data):
        assert sample.score_maps.keys.tolist() == []
    model.head.fc.bias.data[3], model.head.fc.bias.data[2] = -1e4, 1e4
    assert model.test_step(data)[1].score_maps.keys.tolist() == [2]
    model.class_source = 'label'
    data['data_samples'][1].gt_label = torch.tensor([3])
    with pytest.raises(DataError, match=r'class ids \[3\] are outside 0\.\.2.*model.extra_classes'):
        model.test_step(data)


@pytest.mark.parametrize('count', [-1, 1.0, True])
def test_extra_classes_are_a_number(make_model, count):
    with pytest.raises(ConfigError, match='model.extra_classes must be an integer of at least 0'):
        make_model(extra_classes=count)


def test_label_or_pred_predicts_only_where_there_is_no_label(make_model, data):
    model = make_model(cam=dict(type='GradCAM'), class_source='label_or_pred')
    model.head.fc.bias.data[3] = 1e3
    del data['data_samples'][1].gt_label
    first, second = model.test_step(data)
    assert first.score_maps.keys.tolist() == [0, 2]
    assert second.score_maps.keys.tolist() == [3]


def test_a_missing_label_is_named(make_model, data):
    del data['data_samples'][1].gt_label
    with pytest.raises(ConfigError, match="image 'b' has no gt_label.*'label_or_pred'"):
        make_model(cam=dict(type='GradCAM')).test_step(data)


def test_an_empty_label_gives_no_maps(make_model, data):
    data['data_samples'][0].gt_label = torch.tensor([], dtype=torch.int64)
    first, _ = make_model(cam=dict(type='GradCAM')).test_step(data)
    assert first.score_maps.scores.shape == (0, 15, 11)


def test_a_class_beyond_the_head_is_refused_with_its_image(make_model, data):
    data['data_samples'][0].gt_label = torch.tensor([4])
    with pytest.raises(DataError, match=r"image 'a': class ids \[4\] are outside 0\.\.3"):
        make_model(cam=dict(type='GradCAM')).test_step(data)


def test_a_pipeline_without_views_is_refused(make_model, data):
    data['inputs'] = [own[0] for own in data['inputs']]
    with pytest.raises(ConfigError, match='End the pipeline with wsss.MultiScaleViews'):
        make_model(cam=dict(type='GradCAM')).test_step(data)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(class_source='labels'), "class_source='labels'.* Did you mean 'label'"),
        (dict(fusion=dict(flips=True)), "model.fusion.flips: .* Did you mean 'flip'"),
        (dict(extraction=dict(dtypes='x')), "model.extraction.dtypes: .* Did you mean 'dtype'"),
        (dict(fusion=dict(norm='no')), "fusion.norm must be 'after' or 'before'"),
        (dict(cam=dict(type='GradCam')), "model.cam.type: 'GradCam' .* Did you mean 'GradCAM'"),
        (dict(cam=dict(layer='x')), "model.cam must be a dict with the key 'type'"),
        (dict(cam=dict(type='CAM', force=1)), "model.cam.force: CAM has no argument 'force'"),
        (dict(output_stride=7), 'output_stride=7 cannot be reached in MobileNetV2'),
    ],
)
def test_wrong_arguments_are_refused(make_model, arguments, message):
    with pytest.raises(ConfigError, match=message):
        make_model(**arguments)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs an accelerator')
def test_an_accelerator_gives_the_maps_of_the_cpu(make_model, data):
    model = make_model(cam=dict(type='GradCAM', layer='backbone.layer6'))
    expected = [s.score_maps.scores.clone() for s in model.test_step(data)]
    for sample, scores in zip(model.cuda().test_step(data), expected):
        assert sample.score_maps.scores.is_cuda
        torch.testing.assert_close(sample.score_maps.scores.cpu(), scores, atol=1e-2, rtol=1e-2)
