# SPDX-License-Identifier: Apache-2.0
"""What a component reads is known to the staleness of its stage."""

import inspect

import pytest

from wsss import registry
from wsss.datasets.reads_files import ReadsFiles

# what these read is part of the index of the data set; what hooks and metrics name, they write
WITHOUT = ('dataset', 'label_source', 'hook', 'metric', 'function')


def classes():
    for part in vars(registry).values():
        if not isinstance(part, registry.Registry) or part.scope != 'wsss' or part.name in WITHOUT:
            continue
        part.import_from_location()
        for cls in part.module_dict.values():
            if cls.__module__.startswith('wsss.'):
                yield cls


@pytest.mark.parametrize('cls', list(classes()), ids=lambda cls: cls.__name__)
def test_what_takes_a_path_says_which_files_it_reads(cls):
    arguments = {*inspect.signature(cls).parameters}
    located = {*cls.located_by} if issubclass(cls, ReadsFiles) else set()
    assert located <= arguments
    paths = {'file', 'files', 'folder', 'folders', 'path', 'root'} & arguments
    assert paths <= located, 'inherit from ReadsFiles'
