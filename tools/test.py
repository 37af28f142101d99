# SPDX-License-Identifier: Apache-2.0
"""Evaluate a stage of a config."""

import sys

from wsss.engine.cli import test_main

if __name__ == '__main__':
    sys.exit(test_main())
