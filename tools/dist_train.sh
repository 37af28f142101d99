#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run a config on several devices (or CPU processes) of this machine:
#   tools/dist_train.sh CONFIG NUM_PROCESSES [arguments of tools/train.py]
# Several machines: NNODES, NODE_RANK, MASTER_ADDR, PORT as for torchrun.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG NUM_PROCESSES [arguments of tools/train.py]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
CONFIG=$1 NUM=$2
shift 2
"$here/launch.sh" "$NUM" "$here/train.py" "$CONFIG" --launcher pytorch "$@"
