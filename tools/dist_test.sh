#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Evaluate a stage on several devices (or CPU processes) of this machine:
#   tools/dist_test.sh CONFIG [CHECKPOINT] NUM_PROCESSES [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG [CHECKPOINT] NUM_PROCESSES [arguments of tools/test.py]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
CONFIG=$1
shift
checkpoint=()
if ! [[ $1 =~ ^[0-9]+$ ]]; then
    checkpoint=("$1")
    shift
fi
NUM=$1
shift
"$here/launch.sh" "$NUM" "$here/test.py" "$CONFIG" ${checkpoint[@]+"${checkpoint[@]}"} --launcher pytorch "$@"
