# SPDX-License-Identifier: Apache-2.0
"""Time the clustering of one round of sub-category exploration, and the memory it takes.

The loop of the stage (``wsss.SubCategoryLoop``) reads features of one class at a time and clusters
them. The usual way loads the features of all images into one table first and selects rows of it.
Features are generated: as many groups in each class as are looked for, every image in one or two of
the classes. Both ways use the same clusterer and seed; their sub-classes are compared. Each runs in
a process of its own, whose peak resident memory is printed beside what importing took.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, prepare, report

from wsss.engine.loops.sub_category_loop import stacked
from wsss.registry import CLUSTERERS, build
from wsss.structures import FeatureStore

CLUSTERER = dict(type='wsss.KMeans', k=10)


def labels_of(index: int, classes: int) -> set[int]:
    """Return the classes of an image: every third one has two."""
    own = {index % classes}
    return own | {(7 * index + 1) % classes} if index % 3 == 0 else own


def write_features(folder: Path, images: int, classes: int, channels: int) -> None:
    """Write features that lie around ten centres in each class."""
    centres = np.random.default_rng(0).standard_normal((classes, 10, channels)).astype(np.float32)
    store = FeatureStore(folder)
    for index in range(images):
        noise = np.random.default_rng(index + 1).standard_normal(channels).astype(np.float32)
        near = centres[index % classes, index // classes % 10]
        store.write(f'{index:06}', torch.from_numpy(near + 0.5 * noise))


def run(way: str, folder: str, images: int, classes: int) -> dict:
    """Cluster all classes and return the sub-classes, seconds and memory in MiB."""
    store, clusterer = FeatureStore(folder), build(CLUSTERERS, dict(CLUSTERER), 'clusterer')
    clusterer(np.random.default_rng(0).random((40, 8), dtype=np.float32), 0)  # imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    names = [f'{index:06}' for index in range(images)]
    start = time.perf_counter()
    table = None if way == 'ours' else np.stack([store.read(name) for name in names])
    found = []
    for class_id in range(classes):
        own = [i for i in range(images) if class_id in labels_of(i, classes)]
        if table is None:
            features = stacked([store.read(names[i]) for i in own], [names[i] for i in own])
        else:
            features = table[own]
        found.append(clusterer(features, 0).tolist())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return dict(seconds=seconds, before=before, peak=peak, subs=found)


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=1)
    parser.add_argument('--images', type=int, default=10_000)
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--channels', type=int, default=4096)
    parser.add_argument('--way', choices=('ours', 'one table'), help='for its own processes')
    parser.add_argument('--folder', help='for its own processes')
    args = parser.parse_args()
    conditions = prepare(args)
    if args.way:
        print(json.dumps(run(args.way, args.folder, args.images, args.classes)))
        return
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_features(Path(folder), args.images, args.classes, args.channels)
        written = time.perf_counter() - start
        found = {}
        for way in ('one table', 'ours'):
            command = [sys.executable, '-W', 'ignore', *sys.argv, '--way', way, '--folder', folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[way] = json.loads(done.stdout.splitlines()[-1])
    rows = [
        [way, f'{x["seconds"]:.1f} s', f'{x["peak"] - x["before"]:.0f} MiB', f'{x["peak"]:.0f} MiB']
        for way, x in found.items()
    ]
    rows = [['', 'features read, clustered', 'memory beside imports', 'peak'], *rows]
    pairs = zip(found['ours']['subs'], found['one table']['subs'])
    memory = {way: max(x['peak'] - x['before'], 1.0) for way, x in found.items()}
    figures = dict(
        ratio=found['one table']['seconds'] / found['ours']['seconds'],
        memory_ratio=memory['one table'] / memory['ours'],
        seconds=found['ours']['seconds'],
        memory_mib=memory['ours'],
        write_seconds=written,
        max_abs_diff=float(max(abs(np.subtract(*pair)).max() for pair in pairs)),
    )
    asked = dict(images=args.images, classes=args.classes, channels=args.channels)
    report('clustering', rows, figures, {**conditions, **asked}, args.json)


if __name__ == '__main__':
    main()
