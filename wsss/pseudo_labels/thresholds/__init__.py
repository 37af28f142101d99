# SPDX-License-Identifier: Apache-2.0
"""Where a threshold comes from."""
