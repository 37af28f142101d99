# SPDX-License-Identifier: Apache-2.0
"""Networks and the models of the per-image stages."""
