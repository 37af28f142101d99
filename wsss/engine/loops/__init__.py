# SPDX-License-Identifier: Apache-2.0
"""Loops that are not one pass over a loader."""
