# SPDX-License-Identifier: Apache-2.0
"""Files that would exhaust memory are refused by name, in little memory."""

import json
import subprocess
import sys
from pathlib import Path

BOMBS = Path(__file__).with_name('bombs.py')


def test_no_file_exhausts_memory(tmp_path):
    """All bombs in one process: together they must not make it grow by 100 MB."""
    run = [sys.executable, '-P', str(BOMBS), str(tmp_path)]
    subprocess.run([*run, 'write'], check=True)
    names = {path.name for path in tmp_path.iterdir()}
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found['errors'].keys() == names and len(names) == 23
    for name, message in found['errors'].items():
        assert message is not None and name in message, (name, message)
    reasons = {
        'image_wide.png': 'exceeds limit', 'image_long.png': 'not an image alone',
        'plain.json': 'allowed', 'unfold.npz': 'unpacks to', 'says.npz': 'its entry has',
        'size.npz': 'pixels', 'object.npz': 'is object', 'bzip.npz': 'compression',
        'foreign.npz': 'other.npy', 'bytes.pth': 'bytearray', 'legacy.pth': 'bytearray',
        'view.pth': 'its tensors would have', 'deflated.pth': 'compressed',
    }  # fmt: skip
    for name, words in reasons.items():
        assert words in found['errors'][name], found['errors'][name]
    assert found['grown'] < 100
