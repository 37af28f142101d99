# SPDX-License-Identifier: Apache-2.0
"""A copy of a classifier that is faster to run for maps, and no good for anything else."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..errors import ConfigError, near_matches
from ..ops.fold_batch_norm import fold_batch_norm
from ..ops.pointwise import use_pointwise
from .base import BaseCAM
from .layers import find_layers

DTYPES = {
    None: None,
    'float32': None,
    'bfloat16': torch.bfloat16,
    'float16': torch.float16,
}
# where channels-last convolutions are known to be as right as the others
CHANNELS_LAST_DEVICES = ('cpu', 'cuda', 'xpu')


@dataclass(eq=False)
class Preparation:
    """How a classifier is made fast for extraction.

    The classifier itself, its weights and its training are never touched: batch norm is folded and
    memory rearranged in a copy, which is kept until the weights change. Maps are the same to 1e-4
    of their maximum, unless ``dtype`` is a half type.

    Args:
        fold_batch_norm: Fold batch norm into the convolution before it, see
            :func:`wsss.ops.fold_batch_norm.fold_batch_norm`; not where a map is taken in between.
        channels_last: Keep the weights of convolutions, and so their outputs, channels-last in
            memory.
        fast_pointwise: Run 1x1 convolutions of few images by oneDNN on one thread of a CPU as well,
            see :class:`wsss.ops.pointwise.PointwiseConv2d`.
        dtype: ``bfloat16`` or ``float16``: run the forward pass in mixed precision (autocast), on
            CPUs as well; maps are still computed in float32. None or ``float32``: full precision.

    Raises:
        ConfigError: For an unknown dtype.

    Example:
        >>> from torchvision.models import resnet18
        >>> from wsss.cams import CAM
        >>> images, cam = torch.rand(1, 3, 64, 64), CAM(layer='layer4')
        >>> fast = Preparation().prepare(resnet18(), cam, images)
        >>> fast.bn1, fast.conv1.bias.shape
        (Identity(), torch.Size([64]))
    """

    fold_batch_norm: bool = True
    channels_last: bool = True
    fast_pointwise: bool = True
    dtype: str | None = None
    _prepared: tuple[object, nn.Module] | None = field(default=None, init=False, repr=False)

    def __post_init__(self):
        if self.dtype not in DTYPES:
            names = sorted(name for name in DTYPES if name)
            raise ConfigError(
                f'extraction.dtype={self.dtype!r} is unknown.{near_matches(str(self.dtype), names)}'
                f' Allowed: {", ".join(names)}.'
            )

    def __deepcopy__(self, memo: dict) -> Preparation:
        """Return the same settings; what is prepared stays with the classifier it was made of."""
        return Preparation(
            self.fold_batch_norm, self.channels_last, self.fast_pointwise, self.dtype
        )

    def autocast(self, device: torch.device) -> AbstractContextManager:
        """Return the context in which the forward pass runs."""
        dtype = DTYPES[self.dtype]
        return nullcontext() if dtype is None else torch.autocast(device.type, dtype)

    def prepare(self, classifier: nn.Module, cam: BaseCAM, images: Tensor) -> nn.Module:
        """Return a copy of ``classifier`` to run instead, with the same paths of layers.

        Args:
            classifier: ``images -> logits``.
            cam: Whose layers must give what they give in the classifier.
            images: A few normalised images, to see how the parts follow each other.
        """
        device = images.device.type
        channels_last = self.channels_last and device in CHANNELS_LAST_DEVICES
        fast_pointwise = self.fast_pointwise and device == 'cpu'
        if not (self.fold_batch_norm or channels_last or fast_pointwise):
            return classifier
        key = (id(classifier), cam.layer, device, *_fingerprint(classifier))
        if self._prepared is None or self._prepared[0] != key:
            self._prepared = None  # never two copies at a time
            with torch.inference_mode(False):
                copied = self._copy(classifier, cam, images)
                if channels_last:
                    copied.to(memory_format=torch.channels_last)
                if fast_pointwise:
                    use_pointwise(copied)
            self._prepared = (key, copied)
        return self._prepared[1]

    def _copy(self, classifier: nn.Module, cam: BaseCAM, images: Tensor) -> nn.Module:
        copied = copy.deepcopy(classifier)
        for module in copied.modules():
            module.training = False
        copied.requires_grad_(False)
        if self.fold_batch_norm:
            fold_batch_norm(copied, images[:1], list(find_layers(copied, cam.layer).values()))
        return copied


@torch.no_grad()
def _fingerprint(model: nn.Module) -> tuple:
    """Return what changes when weights do: their places, versions, sums and norms.

    Editing ``.data``, as averages of weights do, leaves the version as it is, hence the figures.
    """
    tensors = [*model.parameters(), *model.buffers()]
    floats = [tensor for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    figures = [f.float() for t in floats for f in (t.norm(), t.sum())]
    return (
        *((tensor.data_ptr(), tensor._version) for tensor in tensors),
        *(torch.stack(figures).tolist() if figures else ()),
    )
