#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Start SCRIPT under Slurm; used by slurm_train.sh and slurm_test.sh.
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS=... for size and further arguments of srun.
set -euo pipefail
SCRIPT=$1
shift
if [ $# -lt 3 ]; then
    echo "usage: [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS=...] tools/slurm_$SCRIPT.sh PARTITION JOB_NAME CONFIG [arguments]" >&2
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
    ${SRUN_ARGS:-} "${PYTHON:-python}" -u "$here/$SCRIPT.py" "$CONFIG" --launcher slurm "$@"
