# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError
from wsss.models import PseudoLabelModel
from wsss.structures import ScoreMaps, WSSSDataSample

LABELER = dict(type='GlobalThreshold', threshold=0.5)


def batch():
    scores = torch.tensor([[[0.2, 0.7]]])
    return {
        'data_samples': [
            WSSSDataSample(score_maps=ScoreMaps(torch.tensor([1]), scores, size=(1, 2))),
            WSSSDataSample(score_maps=ScoreMaps(torch.tensor([0]), 1 - scores, size=(1, 2))),
        ]
    }


def test_batch_is_labelled():
    samples = PseudoLabelModel(LABELER, class_to_label=(1, 4)).test_step(batch())
    assert [s.pred_sem_seg.data.tolist() for s in samples] == [[[[0, 4]]], [[[1, 0]]]]
    assert samples[0].pred_sem_seg.data.dtype == torch.uint8


def test_reduce_gives_what_a_threshold_is_compared_with():
    reduced = PseudoLabelModel(LABELER, class_to_label=(1, 4)).reduce(batch())
    _, label, score = reduced[0]
    assert label.tolist() == [[4, 4]] and torch.equal(score, torch.tensor([[0.2, 0.7]]))


def test_model_has_nothing_to_train():
    model = PseudoLabelModel(LABELER, (1, 2))
    assert not list(model.parameters())
    with pytest.raises(ConfigError, match="nothing to train .*run='test'"):
        model(None, [], mode='loss')


def test_missing_labels_and_wrong_labeler_are_named():
    with pytest.raises(ConfigError, match='model.class_to_label is not set'):
        PseudoLabelModel(LABELER).test_step(batch())
    with pytest.raises(ConfigError, match="model.labeler.type: 'GlobalTreshold'.*GlobalThreshold"):
        PseudoLabelModel(dict(type='GlobalTreshold'))
    with pytest.raises(ConfigError, match='model.labeler.treshold'):
        PseudoLabelModel(dict(type='GlobalThreshold', treshold=1))


@pytest.mark.gpu
def test_labels_are_made_on_the_accelerator():
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    samples = PseudoLabelModel(LABELER, (1, 4)).cuda().test_step(batch())
    assert samples[0].pred_sem_seg.data.is_cuda
    assert samples[0].pred_sem_seg.data.tolist() == [[[0, 4]]]
