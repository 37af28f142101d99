# SPDX-License-Identifier: Apache-2.0
"""Run a config: every stage of its pipeline."""

import sys

from wsss.engine.cli import train_main

if __name__ == '__main__':
    sys.exit(train_main())
