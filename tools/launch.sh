#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Start SCRIPT in NUM processes with torchrun; used by dist_train.sh and dist_test.sh.
set -euo pipefail
NUM=$1
shift
if ! [[ $NUM =~ ^[1-9][0-9]*$ ]]; then
    echo "error: the number of processes must be a positive integer, got '$NUM'" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python}
[ -n "${PYTHON:-}" ] || [ -n "${VIRTUAL_ENV:-}" ] || [ ! -x "$root/.venv/bin/python" ] || python=$root/.venv/bin/python
# torchrun gives every process one thread; share the cores instead
cores=$(getconf _NPROCESSORS_ONLN)
threads=$((cores / NUM > 0 ? cores / NUM : 1))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$threads} MKL_NUM_THREADS=${MKL_NUM_THREADS:-$threads}
port=()
[ -n "${PORT:-}" ] && port=(--master-port "$PORT")
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    # a free port, so that several runs share a machine
    port=(--rdzv-backend c10d --rdzv-endpoint localhost:0)
fi
exec "$python" -m torch.distributed.run --nproc-per-node "$NUM" --nnodes "${NNODES:-1}" \
    --node-rank "${NODE_RANK:-0}" --master-addr "${MASTER_ADDR:-127.0.0.1}" ${port[@]+"${port[@]}"} "$@"
