# SPDX-License-Identifier: Apache-2.0
import pytest

from wsss.refiners import RefinerChain
from wsss.refiners.chains import STANDARD, name_chains


@pytest.mark.parametrize('name', STANDARD)
def test_every_standard_chain_can_be_built(name):
    assert RefinerChain(STANDARD[name], 'refiners').refiners


def test_without_names_the_standard_chains_are_taken():
    assert name_chains([]) == STANDARD
