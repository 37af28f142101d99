# SPDX-License-Identifier: Apache-2.0
"""Find the layer that a map is taken from."""

from __future__ import annotations

from torch import nn

from ..errors import ConfigError, near_matches


def find_layer(classifier: nn.Module, path: str | None) -> nn.Module:
    """Return the module that ``path`` names.

    Args:
        classifier: The model.
        path: Names and indices joined by dots: ``backbone.layer4``, ``backbone.layer4.-1`` (its
            last child). None means the backbone, whose last feature map is taken.

    Raises:
        ConfigError: If there is no such module; the message lists what there is at that place.
    """
    if path is None:
        backbone = getattr(classifier, 'backbone', None)
        if not isinstance(backbone, nn.Module):
            raise ConfigError(
                f'cam.layer: {type(classifier).__name__} has no backbone, so the layer must be '
                f'named. It has: {_children(classifier)}.'
            )
        return backbone
    module, done = classifier, []
    for part in str(path).split('.'):
        children = dict(module.named_children())
        if part in children:
            module = children[part]
        elif part.startswith('-') and part[1:].isdigit() and 0 < int(part[1:]) <= len(children):
            module = list(children.values())[int(part)]
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
