# SPDX-License-Identifier: Apache-2.0
"""Which weights are chosen, and on which images; the whole stage is in tests/integration."""

import pytest

from wsss.engine.loops import ChooseWeights
from wsss.engine.loops.choose_weights import choose, held_out_part
from wsss.errors import ConfigError


@pytest.mark.parametrize(
    ('values', 'best', 'stop'),
    [
        ([60, 62, 61, 63], 'd', 'b'),
        ([60, 60, 60, 59], 'a', 'c'),
        ([60, 59, 70, 80], 'd', 'a'),
        ([60, 61, 62, 63], 'd', 'd'),
    ],
)
def test_rules_by_hand(values, best, stop):
    figures = dict(zip('abcd', values))
    assert choose(figures, 'best') == best
    assert choose(figures, 'stop') == stop


def test_only_held_out_images_are_looked_at():
    shapes = dict(type='wsss.Shapes', num_images=12, image_size=(48, 48))
    part = held_out_part(dict(dataset=dict(shapes, held_out=0.25)))['dataset']
    assert len(part) == 3 and all(part.get_data_info(i)['held_out'] for i in range(3))
    with pytest.raises(ConfigError, match='no held-out images.*data.train.held_out=0.1'):
        held_out_part(dict(dataset=shapes))


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (dict(), 'test_cfg.candidates'),
        (dict(candidates='@segmentor/weights.pth'), 'test_cfg.candidates'),
        (dict(candidates=['x/a.pth', 'x/b.pth']), 'of different stages'),
        (dict(candidates=['x/a.pth'], rule='last'), "test_cfg.rule='last' is unknown"),
    ],
)
def test_unusable_arguments_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        ChooseWeights(None, None, None, **arguments)
