# SPDX-License-Identifier: Apache-2.0
"""Classifiers that can explain themselves."""
