# SPDX-License-Identifier: Apache-2.0
"""The reader of MATLAB files against scipy's writer, and files that mean harm."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array

from wsss.datasets.converters.mat5 import read_mat_structs
from wsss.errors import DataError


def save(path, **variables):
    savemat(path, variables, do_compression=False)
    return path


@pytest.mark.parametrize('compressed', [False, True])
@pytest.mark.parametrize('dtype', ['u1', 'i1', 'u2', 'i4', 'u8', 'f4', 'f8'])
def test_numeric_fields_are_what_was_saved(tmp_path, compressed, dtype):
    values = np.arange(35).reshape(5, 7).astype(dtype)
    content = dict(
        GT=dict(Segmentation=values, One=values[:1, :1], Column=values[:, :1]), other=values
    )
    savemat(tmp_path / 'a.mat', content, do_compression=compressed)
    found = read_mat_structs(tmp_path / 'a.mat')
    assert list(found) == ['GT'] and set(found['GT']) == {'Segmentation', 'One', 'Column'}
    for name, array in found['GT'].items():
        assert array.dtype == dtype and (array == content['GT'][name]).all()


def test_what_is_no_array_of_numbers_is_left_out(tmp_path):
    cells = np.empty((3, 1), object)
    cells[:] = [[csc_array(np.eye(4))], [np.zeros(2)], ['text']]
    path = save(
        tmp_path / 'a.mat',
        GT=dict(
            Cells=cells,
            Sparse=csc_array(np.eye(3)),
            Text='hello',
            Inner=dict(x=np.ones(2)),
            Cube=np.zeros((2, 2, 2)),
            Complex=np.array([[1j]]),
            Empty=np.zeros((0, 3)),
            Segmentation=np.eye(2, dtype=np.uint8),
        ),
    )
    found = read_mat_structs(path)['GT']
    assert set(found) == {'Segmentation', 'Empty', 'Complex'}
    assert found['Empty'].shape == (0, 3) and (found['Segmentation'] == np.eye(2)).all()


def element(kind, data, order='<'):
    return struct.pack(f'{order}II', kind, len(data)) + data + b'\0' * (-len(data) % 8)


def make(body, order='<'):
    mark = b'IM' if order == '<' else b'MI'
    return b'MATLAB 5.0'.ljust(124) + struct.pack(f'{order}H', 0x0100) + mark + body


def array(kind, shape, name, *parts, order='<'):
    head = (
        element(6, struct.pack(f'{order}II', kind, 0), order)
        + element(5, struct.pack(f'{order}{len(shape)}i', *shape), order)
        + element(1, name, order)
    )
    return element(14, head + b''.join(parts), order)


def structure(*fields, order='<', shape=(1, 1)):
    """A structure GT with fields named a, b, ..."""
    names = b''.join(bytes([97 + i]).ljust(8, b'\0') for i in range(len(fields)))
    width = element(5, struct.pack(f'{order}i', 8), order)
    return array(2, shape, b'GT', width, element(1, names, order), *fields, order=order)


@pytest.mark.parametrize('order', ['<', '>'])
def test_both_byte_orders_are_read(tmp_path, order):
    numbers = element(3, struct.pack(f'{order}6h', *range(6)), order)
    field = array(6, (2, 3), b'', numbers, order=order)  # a double, stored as short integers
    (tmp_path / 'a.mat').write_bytes(make(structure(field, order=order), order))
    found = read_mat_structs(tmp_path / 'a.mat')['GT']['a']
    assert found.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_a_bomb_is_refused_before_it_unfolds(tmp_path):
    packed = zlib.compress(b'\0' * 400_000_000, 9)
    (tmp_path / 'a.mat').write_bytes(make(struct.pack('<II', 15, len(packed)) + packed))
    tracemalloc.start()
    with pytest.raises(DataError, match='unpacks to more than the 1000000 bytes'):
        read_mat_structs(tmp_path / 'a.mat', max_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_claimed_sizes_are_not_believed(tmp_path):
    number = element(2, b'\1')
    for shape in ((2**31 - 1, 2**31 - 1), (-1, 1), (1, 2)):
        (tmp_path / 'a.mat').write_bytes(make(structure(array(9, shape, b'', number))))
        with pytest.raises(DataError, match='holds 1 numbers|head of an array'):
            read_mat_structs(tmp_path / 'a.mat')
    (tmp_path / 'a.mat').write_bytes(make(structure(shape=(2**31 - 1, 2**31 - 1))))
    assert read_mat_structs(tmp_path / 'a.mat') == {}


def test_deep_nesting_is_passed_over(tmp_path):
    field = array(9, (1, 1), b'', element(2, b'\1'))
    deep = array(1, (1, 1), b'', field)
    for _ in range(2000):
        deep = array(1, (1, 1), b'', deep)
    (tmp_path / 'a.mat').write_bytes(make(structure(deep, field)))
    assert list(read_mat_structs(tmp_path / 'a.mat')['GT']) == ['b']


def test_every_truncation_is_named_or_harmless(tmp_path):
    for compressed in (False, True):
        values = dict(GT=dict(Segmentation=np.arange(12, dtype=np.uint8).reshape(3, 4)))
        savemat(tmp_path / 'a.mat', values, do_compression=compressed)
        content = (tmp_path / 'a.mat').read_bytes()
        for keep in range(len(content)):
            (tmp_path / 'b.mat').write_bytes(content[:keep])
            if keep == 128:
                assert read_mat_structs(tmp_path / 'b.mat') == {}
                continue
            with pytest.raises(DataError, match=r'b\.mat is not a MATLAB file'):
                read_mat_structs(tmp_path / 'b.mat')


def test_every_changed_byte_is_read_or_named(tmp_path):
    values = dict(GT=dict(Segmentation=np.arange(12, dtype=np.uint8).reshape(3, 4), Other='text'))
    savemat(tmp_path / 'a.mat', values)
    content = (tmp_path / 'a.mat').read_bytes()
    rng = np.random.default_rng(0)
    for at in range(120, len(content)):
        for value in (0, 255, int(rng.integers(256))):
            changed = bytearray(content)
            changed[at] = value
            (tmp_path / 'b.mat').write_bytes(changed)
            try:
                read_mat_structs(tmp_path / 'b.mat')
            except DataError:
                pass


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (b'', 'no header'),
        (b'\x80\x04payload of another kind'.ljust(200), 'no header'),
        (b'MATLAB 7.3 MAT-file'.ljust(200), 'version 7.3'),
        (b'x' * 2000, 'more than the 1000 allowed'),
    ],
)
def test_other_files_are_refused(tmp_path, content, words):
    (tmp_path / 'a.mat').write_bytes(content)
    with pytest.raises(DataError, match=f'MATLAB file.*{words}'):
        read_mat_structs(tmp_path / 'a.mat', max_bytes=1000)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match='a.mat does not exist'):
        read_mat_structs(tmp_path / 'a.mat')
