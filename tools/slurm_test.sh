#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Evaluate a stage under Slurm:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/slurm_test.sh PARTITION JOB_NAME CONFIG [arguments of tools/test.py]
exec "$(dirname "$0")/slurm_launch.sh" test "$@"
