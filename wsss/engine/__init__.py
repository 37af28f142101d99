# SPDX-License-Identifier: Apache-2.0
"""Running the stages."""
