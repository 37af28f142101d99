# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from wsss.ops.agreement import agreed_labels


def slow(members, ignore):
    out = np.empty_like(members[0])
    for place in np.ndindex(out.shape):
        said = [int(member[place]) for member in members]
        if ignore == 'all':
            said = [label for label in said if label != 255] or [255]
        out[place] = said[0] if len(set(said)) == 1 else 255
    return out


@pytest.mark.parametrize('ignore', ['any', 'all'])
def test_labels_are_kept_where_all_agree(ignore):
    rng = np.random.default_rng(0)
    members = [rng.choice([0, 1, 7, 255], (13, 9)).astype(np.uint8) for _ in range(3)]
    agreed = agreed_labels(members, ignore)
    assert agreed.dtype == np.uint8
    assert np.array_equal(agreed, slow(members, ignore))


def test_a_member_that_abstains_decides_alone_only_with_any():
    members = [np.array([[0, 1, 255, 255]], np.uint8), np.array([[0, 2, 2, 255]], np.uint8)]
    assert agreed_labels(members, 'any').tolist() == [[0, 255, 255, 255]]
    assert agreed_labels(members, 'all').tolist() == [[0, 255, 2, 255]]
