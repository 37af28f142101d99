# SPDX-License-Identifier: Apache-2.0
"""How a model is wrapped for several processes."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from torch import nn

from ..registry import MODEL_WRAPPERS


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model itself, whatever it is wrapped in for several processes."""
    return model.module if is_model_wrapper(model) else model


@MODEL_WRAPPERS.register_module()
class TestWrapper(nn.Module):
    """Stand-in for DDP where nothing is trained.

    DDP refuses a model without trainable parameters (labelers, refiners, frozen backbones) and
    broadcasts buffers that no test changes. This wrapper only passes the calls on.

    Args:
        module: The model.
    """

    __test__ = False  # not a test case, whatever its name suggests

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, *args, **kwargs):
        """Call the model."""
        return self.module(*args, **kwargs)

    def val_step(self, *args, **kwargs):
        """Call the model's ``val_step``."""
        return self.module.val_step(*args, **kwargs)

    def test_step(self, *args, **kwargs):
        """Call the model's ``test_step``."""
        return self.module.test_step(*args, **kwargs)
