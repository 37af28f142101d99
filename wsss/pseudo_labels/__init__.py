# SPDX-License-Identifier: Apache-2.0
"""From score maps to label maps."""
