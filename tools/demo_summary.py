# SPDX-License-Identifier: Apache-2.0
"""Say what the demo gave and where its pictures are; fail if it fell below its floor."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wsss.errors import WSSSError
from wsss.fileio import read_json

FLOOR_MIOU = 60.0


def main() -> int:
    """Read ``summary.json`` of the demo and print it as a person would tell it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', type=Path, help='folder of the demo run')
    parser.add_argument('--floor', type=float, default=FLOOR_MIOU, help='least mIoU in percent')
    args = parser.parse_args()
    try:
        stages = read_json(args.work_dir / 'summary.json', 'summary of the demo')['stages']
        labels = stages['pseudo_labels_test']['metrics']['mIoU']
        segmentor = stages['segmentor']['metrics']['mIoU']
        classifier = stages['classifier']['metrics']['mAP']
        seconds = sum(stage['seconds'] for stage in stages.values())
    except (WSSSError, KeyError) as error:
        print(f'error: the demo did not finish: {error}', file=sys.stderr)
        return 1
    print(
        f'\nFrom image labels alone, in {seconds / 60:.1f} minutes:\n'
        f'  classifier                      mAP  {classifier:5.1f}  (val)\n'
        f'  pseudo labels from its maps     mIoU {labels:5.1f}  (test, threshold held out)\n'
        f'  segmentor trained on such       mIoU {segmentor:5.1f}  (test)\n'
        '\nLook at the pictures:\n'
        f'  {args.work_dir / "report.html"}\n'
        f'  {args.work_dir / "pseudo_labels" / "contact_sheet.png"}\n'
        f'  {args.work_dir / "segmentor" / "contact_sheet.png"}'
    )
    if segmentor < args.floor or segmentor <= labels:
        print(
            f'error: the segmentor must reach {args.floor:g} and beat the pseudo labels.',
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
