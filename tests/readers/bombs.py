# SPDX-License-Identifier: Apache-2.0
"""Files that ask for far more memory than they have bytes.

Run as a program, it writes them, or reads them all and prints, as JSON, the error of each and by
how many MB the process grew at its peak.
"""

from __future__ import annotations

import io
import json
import pickle
import resource
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

GIGA = 10**9


def png(path, width, height, depth=1):
    """Write a PNG whose header says ``width`` x ``height``."""

    def chunk(kind, data):
        return (
            struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        )

    head = struct.pack('>IIBBBBB', width, height, depth, 0, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', body) + chunk(b'IEND', b'')
    )


def grown(path, size):
    """Make a file look ``size`` bytes long; the disk holds no more than before."""
    with open(path, 'r+b' if path.exists() else 'wb') as file:
        file.truncate(size)


def npy(shape, dtype='<f2', content=b''):
    """Return an array file that says ``shape`` and holds ``content``."""
    buffer = io.BytesIO()
    head = dict(descr=dtype, fortran_order=False, shape=shape)
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + content


def npz(path, compression=zipfile.ZIP_DEFLATED, **entries):
    """Write a score file of entries given as bytes; those not given are right."""
    right = dict(
        keys=npy((1,), '<i2', b'\0\0'),
        scores=npy((1, 2, 2), '<f2', bytes(8)),
        size=npy((2,), '<i4', struct.pack('<ii', 4, 4)),
    )
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, content in {**right, **entries}.items():
            archive.writestr(f'{name}.npy', content)


def pth(path, data, compression=zipfile.ZIP_STORED, **entries):
    """Write a PyTorch archive around a pickle."""
    with zipfile.ZipFile(path, 'w', compression) as archive:
        archive.writestr('archive/data.pkl', data)
        archive.writestr('archive/version', '3')
        for name, content in entries.items():
            archive.writestr(f'archive/{name}', content)


class Zeros:
    def __reduce__(self):
        return bytearray, (5 * GIGA,)


def write_all(folder: Path) -> None:
    """Write the files into a folder."""
    for kind in ('image', 'mask', 'header'):
        png(folder / f'{kind}_wide.png', 30_000, 30_000)
        png(folder / f'{kind}_huge.png', 2**31 - 1, 2**31 - 1)
        png(folder / f'{kind}_long.png', 10, 10)
        grown(folder / f'{kind}_long.png', 20 * GIGA)
    for name in ('plain.json', 'list.txt', 'boxes.xml', 'coco.json'):
        grown(folder / name, 20 * GIGA)
    npz(folder / 'unfold.npz', scores=npy((1, 8000, 8000), '<f2', bytes(128_000_000)))
    npz(folder / 'says.npz', scores=npy((60_000, 60_000, 60_000)))
    npz(folder / 'size.npz', size=npy((2,), '<i4', struct.pack('<ii', 2**30, 2**30)))
    npz(folder / 'object.npz', scores=npy((1, 2, 2), '|O', bytes(32)))
    npz(folder / 'bzip.npz', compression=zipfile.ZIP_BZIP2)
    npz(folder / 'foreign.npz', other=npy((4,), '<f2', bytes(8)))
    pth(folder / 'bytes.pth', pickle.dumps(dict(a=Zeros()), protocol=2))
    legacy = (0x1950A86A20F9469CFC6C, 1001, dict(little_endian=True), dict(a=Zeros()), [])
    (folder / 'legacy.pth').write_bytes(b''.join(pickle.dumps(part, 2) for part in legacy))
    torch.save(dict(a=torch.zeros(1).expand(50 * GIGA)), folder / 'view.pth')
    zeros = {'data/0': bytes(200_000_000)}
    pth(folder / 'deflated.pth', pickle.dumps({}, 2), zipfile.ZIP_DEFLATED, **zeros)


def reader_of(path: Path):
    """Return what reads a file of :func:`write_all`."""
    from wsss.datasets.coco_json import read_coco_index
    from wsss.datasets.image_io import image_size, read_image
    from wsss.datasets.mask_io import read_index
    from wsss.datasets.voc_xml import read_voc_boxes
    from wsss.engine.checkpoint import load
    from wsss.fileio import read_json, read_text
    from wsss.structures import ScoreStore

    if path.suffix == '.npz':
        return lambda path: ScoreStore(path.parent, max_bytes=1 << 20).read(path.stem)
    if path.suffix == '.pth':
        return load
    if path.suffix == '.png':
        return dict(image=read_image, mask=read_index, header=image_size)[path.name.split('_')[0]]
    return dict(plain=read_json, list=read_text, boxes=read_voc_boxes, coco=read_coco_index)[
        path.stem
    ]


def main() -> None:
    """Write the files into the folder of the first argument, or read those in it."""
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:  # in a process of its own: writing them takes memory too
        write_all(folder)
        return
    from wsss.errors import WSSSError

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

    files = sorted(folder.iterdir())
    calls = {path: reader_of(path) for path in files}
    before, errors = peak(), {}
    for path, call in calls.items():
        try:
            call(path)
            errors[path.name] = None
        except WSSSError as error:
            errors[path.name] = str(error)
    print(json.dumps(dict(errors=errors, grown=peak() - before)))


if __name__ == '__main__':
    main()
