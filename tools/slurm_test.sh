#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Evaluate a stage under Slurm:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/slurm_test.sh PARTITION JOB_NAME CONFIG [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS=...] $0 PARTITION JOB_NAME CONFIG [arguments]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
PARTITION=$1 JOB_NAME=$2 CONFIG=$3
shift 3
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
# shellcheck disable=SC2086
exec srun -p "$PARTITION" --job-name="$JOB_NAME" --gres="gpu:$GPUS_PER_NODE" --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} "${PYTHON:-python}" -u "$here/test.py" "$CONFIG" --launcher slurm "$@"
