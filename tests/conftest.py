# SPDX-License-Identifier: Apache-2.0
"""What all tests share."""

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True, scope='session')
def own_cache(tmp_path_factory):
    """Keep what the package remembers between runs out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture(autouse=True)
def no_scope_left_behind():
    """Forget the default scope that a Runner of a test has set; tests may come in any order."""
    yield
    DefaultScope._instance_dict.clear()
