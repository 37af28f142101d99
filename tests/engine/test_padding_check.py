# SPDX-License-Identifier: Apache-2.0
"""A model that does not know padded crops is named before it takes validity for a colour."""

import pytest

from wsss.engine.padding_check import check_padding
from wsss.errors import ConfigError

CROP = dict(type='wsss.PaddedCrop', crop_size=448)
OTHER = dict(type='RandomCrop', crop_size=448, pad_if_needed=True)


SALIENCY = dict(type='wsss.AppendSaliency')
JITTER = dict(type='ColorJitter', brightness=0.3)


def stage(model, crop=CROP, **others):
    pipeline = [dict(type='wsss.LoadImage'), dict(type='Compose', transforms=[crop])]
    return dict(model=model, train_dataloader=dict(dataset=dict(pipeline=pipeline)), **others)


@pytest.mark.parametrize(
    'config',
    [
        stage(dict(type='wsss.CAMClassifier')),
        stage(dict(type='wsss.FeatureClassifier', data_preprocessor=dict(mean=[0.0] * 3))),
        stage(
            dict(type='ImageClassifier', data_preprocessor=dict(type='ClsDataPreprocessor')), OTHER
        ),
        stage(
            dict(type='wsss.CAMClassifier', data_preprocessor=dict(type='wsss.CAMPreprocessor')),
            data_preprocessor=dict(type='ClsDataPreprocessor'),
        ),
        dict(model=dict(type='ImageClassifier'), train_dataloader=None),
    ],
)
def test_what_fits_passes(config):
    check_padding(config, 's', 'mmpretrain')


@pytest.mark.parametrize(
    ('config', 'words'),
    [
        (stage(dict(type='ImageClassifier')), r's\.model\.type: ImageClassifier does not know'),
        (stage(dict(type='wsss.CCAM')), r's\.model\.type: wsss\.CCAM'),
        (
            stage(
                dict(type='wsss.CAMClassifier', data_preprocessor=dict(type='ClsDataPreprocessor'))
            ),
            r's\.model\.data_preprocessor\.type: ClsDataPreprocessor does not know the fourth '
            r'channel of s\.train_dataloader\.dataset\.pipeline\[1\]\.transforms\[0\]',
        ),
        (
            stage(
                dict(type='wsss.CAMClassifier'), data_preprocessor=dict(type='ClsDataPreprocessor')
            ),
            r'data_preprocessor\.type: ClsDataPreprocessor.*wsss\.CAMPreprocessor, or crop with',
        ),
    ],
)
def test_what_does_not_is_named(config, words):
    with pytest.raises(ConfigError, match=words):
        check_padding(config, 's', 'mmpretrain')


@pytest.mark.parametrize('model', ['ImageClassifier', 'wsss.CCAM'])
def test_saliency_needs_a_model_that_knows_its_channel(model):
    check_padding(stage(dict(type='wsss.CAMClassifier'), SALIENCY), 's', 'mmpretrain')
    with pytest.raises(ConfigError, match=rf's\.model\.type: {model} does not know'):
        check_padding(stage(dict(type=model), SALIENCY), 's', 'mmpretrain')


@pytest.mark.parametrize('added', [CROP, SALIENCY])
def test_colours_are_changed_before_there_are_other_channels(added):
    for order, fits in (([JITTER, added], True), ([added, JITTER], False)):
        crop = dict(type='Compose', transforms=order)
        config = stage(dict(type='wsss.CAMClassifier'), crop)
        if fits:
            check_padding(config, 's', 'mmpretrain')
            continue
        with pytest.raises(
            ConfigError, match=r'transforms\[1\]: ColorJitter would change channels'
        ):
            check_padding(config, 's', 'mmpretrain')
