# SPDX-License-Identifier: Apache-2.0
"""Convert the public ImageNet weights of ResNet-38 ("Wider or Deeper"); MXNet is not needed.

Example:
    python tools/model_converters/resnet38d.py ilsvrc-cls_rna-a1_cls1000_ep-0001.params r38d.pth
    python tools/train.py CONFIG --cfg-options pretrained=r38d.pth
"""

from __future__ import annotations

import argparse
import sys

from wsss.errors import WSSSError
from wsss.models.backbones.convert_resnet38d import convert_resnet38d


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Convert the public ImageNet weights of ResNet-38 for wsss.ResNet38d.'
    )
    parser.add_argument('source', help='the .params file of the release, or the .pth of PSA')
    parser.add_argument('target', help='file to write, such as r38d.pth')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    try:
        line = convert_resnet38d(args.source, args.target)
    except WSSSError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
