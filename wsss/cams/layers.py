# SPDX-License-Identifier: Apache-2.0
"""Find the layers that maps are taken from."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..errors import ConfigError, near_matches


def check_layer(layer: object) -> str | tuple[str, ...] | None:
    """Return the config value ``layer`` if it is None, one path or several different ones.

    Raises:
        ConfigError: For anything else.
    """
    if layer is None or isinstance(layer, str):
        return layer
    paths = tuple(layer) if isinstance(layer, Sequence) else ()
    if not paths or not all(isinstance(p, str) for p in paths) or len(set(paths)) < len(paths):
        raise ConfigError(
            'cam.layer must be a dotted path such as "backbone.layer4", or a list of different '
            f'ones, got {layer!r}.'
        )
    return paths


def find_layers(classifier: nn.Module, layer: str | Sequence[str] | None) -> dict[str, nn.Module]:
    """Return the modules that ``layer`` names, by path."""
    paths = (
        [layer or default_path(classifier)] if layer is None or isinstance(layer, str) else layer
    )
    return {path: find_layer(classifier, path) for path in paths}


def default_path(classifier: nn.Module) -> str:
    """Return the layer that is explained if none is named: the backbone, as a rule.

    A vision transformer that hands on its class token has no feature map there. The last block's
    other tokens do not reach the logits either, so its first norm is taken, the last place where
    all tokens do.

    Raises:
        ConfigError: If the classifier has no backbone.
    """
    backbone = getattr(classifier, 'backbone', None)
    if not isinstance(backbone, nn.Module):
        raise ConfigError(
            f'cam.layer: {type(classifier).__name__} has no backbone, so the layer must be '
            f'named. It has: {_children(classifier)}.'
        )
    if getattr(backbone, 'out_type', None) in ('cls_token', 'avg_featmap'):
        blocks = getattr(backbone, 'layers', ())
        if len(blocks) and isinstance(getattr(blocks[-1], 'ln1', None), nn.Module):
            return 'backbone.layers.-1.ln1'
    return 'backbone'


def find_layer(classifier: nn.Module, path: str) -> nn.Module:
    """Return the module that ``path`` names.

    Args:
        classifier: The model.
        path: Names and indices joined by dots: ``backbone.layer4``, ``backbone.layer4.-1`` (its
            last child).

    Raises:
        ConfigError: If there is no such module; the message lists what there is at that place.
    """
    module, done = classifier, []
    for part in path.split('.'):
        children = dict(module.named_children())
        if part in children:
            module = children[part]
        elif part.startswith('-') and part[1:].isdigit() and 0 < int(part[1:]) <= len(children):
            module = list(children.values())[int(part)]
        elif isinstance(getattr(module, part, None), nn.Module):
            # a property that names a child, such as ``norm1`` of mmpretrain's blocks
            module = getattr(module, part)
        else:
            raise ConfigError(
                f'cam.layer={path!r}: {".".join(done) or type(classifier).__name__} has no '
                f'{part!r}.{near_matches(part, children)} It has: {_children(module)}.'
            )
        done.append(part)
    return module


def _children(module: nn.Module) -> str:
    names = [name for name, _ in module.named_children()]
    return ', '.join(names) if names else 'nothing inside'
