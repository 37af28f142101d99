# SPDX-License-Identifier: Apache-2.0
"""Any classification network of torchvision as a backbone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torchvision
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import ConfigError, near_matches
from ...ops.tokens import to_feature_maps
from ...registry import MODELS

# what follows the feature map, under the names torchvision gives it
CLASSIFIERS = ('fc', 'classifier', 'head', 'heads', 'AuxLogits', 'aux1', 'aux2')
# the part that ends in the last feature map, the first that there is
LAST_LAYERS = (
    'layer4',  # ResNet, ResNeXt
    'trunk_output',  # RegNet
    'encoder.ln',  # ViT
    'norm',  # Swin
    'features',  # VGG, MobileNet, DenseNet, EfficientNet, ConvNeXt, SqueezeNet, AlexNet
    'conv5',  # ShuffleNet
    'Mixed_7c',  # Inception
    'inception5b',  # GoogLeNet
    'blocks.3',  # MaxViT
    'layers',  # MNASNet
)


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """A network of ``torchvision.models`` without its classifier, giving named feature maps.

    Train it with ``GlobalAveragePooling`` and ``LinearClsHead`` of mmpretrain, so that CAMs have a
    closed form. Parts and parameters keep torchvision's names: a file of torchvision's weights
    loads as it is (``init_cfg=dict(type='Pretrained', checkpoint=FILE)``), and
    ``backbone.layer4.-1`` is a layer to explain. Tokens of ViT and Swin come as feature maps, class
    tokens dropped.

    Args:
        name: As in ``torchvision.models.list_models()``.
        out_layers: Dotted names of the parts whose outputs are returned, in the order they run.
            None: the last feature map. An activation that works in place right after a part shows
            in its output.
        frozen: Names of parts that are not trained and stay in evaluation mode.
        norm_eval: Keep all batch norms in evaluation mode.
        init_cfg: As in mmengine.
        **kwargs: Passed to torchvision's constructor, such as ``image_size`` of ViT.

    Raises:
        ConfigError: For an unknown name or part.

    Example:
        >>> import torch
        >>> net = TorchvisionBackbone('resnet18', out_layers=('layer3', 'layer4'))
        >>> [tuple(f.shape) for f in net(torch.zeros(1, 3, 64, 64))]
        [(1, 256, 4, 4), (1, 512, 2, 2)]
    """

    def __init__(
        self,
        name: str,
        out_layers: Sequence[str] | None = None,
        frozen: Sequence[str] = (),
        norm_eval: bool = False,
        init_cfg: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(init_cfg)
        known = torchvision.models.list_models(module=torchvision.models)
        if name not in known:
            raise ConfigError(
                f'backbone.name: torchvision has no model {name!r}.'
                f'{near_matches(str(name), known)} Allowed: {", ".join(known)}.'
            )
        if name in ('googlenet', 'inception_v3'):
            # or it starts with half a minute of drawing weights
            kwargs = dict(init_weights=False, aux_logits=False) | kwargs
        net = torchvision.models.get_model(name, weights=None, **kwargs)
        for part in CLASSIFIERS:
            if isinstance(getattr(net, part, None), nn.Module):
                setattr(net, part, nn.Identity())
        # one set of parts in two modules: names as in torchvision, its forward() as it is
        self.__dict__['_net'] = net
        self._modules, self._parameters, self._buffers = (
            net._modules,
            net._parameters,
            net._buffers,
        )
        if out_layers is None:
            out_layers = [layer for layer in LAST_LAYERS if self._has(layer)][:1]
        self.name = name
        self.out_layers = tuple(out_layers)
        self.norm_eval = norm_eval
        self.frozen = tuple(frozen)
        for layer in (*self.out_layers, *self.frozen):
            self._part(layer)
        for layer in self.frozen:
            self._part(layer).requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps ``(N, C, h, w)`` of ``out_layers`` for images ``(N, 3, H, W)``."""
        seen: dict[str, Tensor] = {}
        handles = [
            self._part(layer).register_forward_hook(partial(_keep, seen, layer))
            for layer in self.out_layers
        ]
        self._net.training = self.training
        try:
            self._net(images)
        finally:
            for handle in handles:
                handle.remove()
        for layer in self.out_layers:
            if layer not in seen:
                raise ConfigError(
                    f'backbone.out_layers: {layer!r} of {self.name} is not run as a whole. Name a '
                    'part of it.'
                )
        size = tuple(images.shape[-2:])
        return tuple(
            to_feature_maps(seen[layer], size, where=f'{self.name}.{layer}')
            for layer in self.out_layers
        )

    def train(self, mode: bool = True) -> TorchvisionBackbone:
        """Set training mode, except for what stays in evaluation mode."""
        super().train(mode)
        if mode:
            for layer in self.frozen:
                self._part(layer).eval()
            if self.norm_eval:
                for module in self.modules():
                    if isinstance(module, _BatchNorm):
                        module.eval()
        return self

    def _has(self, layer: str) -> bool:
        try:
            self._net.get_submodule(layer)
        except AttributeError:
            return False
        return True

    def _part(self, layer: str) -> nn.Module:
        if not self._has(layer):
            names = [name for name, _ in self._net.named_children()]
            raise ConfigError(
                f'backbone: {self.name} has no part {layer!r}.{near_matches(str(layer), names)} '
                f'It has: {", ".join(names)}, and their parts.'
            )
        return self._net.get_submodule(layer)


def _keep(seen: dict[str, Tensor], layer: str, _module: nn.Module, _inputs: tuple, output) -> None:
    seen[layer] = output
