# SPDX-License-Identifier: Apache-2.0
"""Score maps to label maps."""
