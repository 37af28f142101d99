# SPDX-License-Identifier: Apache-2.0
"""Other ways to count than M0, as published figures were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..errors import ConfigError, near_matches

_ALLOWED = dict(
    border=('ignore', 'fg', 'bg', None),
    classes=('all', 'fg'),
    aggregate=('dataset', 'image', 'batch'),
    absent=('skip', 'zero', 'one'),
)


@dataclass(frozen=True)
class MaskProtocol:
    """How labels are compared with the truth and the comparison is averaged.

    Args:
        name: Put before its figures.
        border: What the band of a trimap, value 3, counts as: ``ignore``, ``fg`` (the class of the
            image), ``bg``; None takes the truth as the data set gives it. With another value the
            mask file is read again, so that a data set with ``border='ignore'`` can be counted
            either way.
        classes: Average over ``all`` labels or over those without background (``fg``).
        aggregate: ``dataset``: one confusion matrix; ``image``: the mean over images of the
            figure of each label, then the mean over labels; ``batch``: one matrix for every
            ``batch_size`` images in the order of the data set, the mean over labels, then over
            batches. Batches keep a matrix for each image, so they are for few labels.
        size: ``(H, W)`` that truth and labels are squashed to (nearest) before counting, or None.
        absent: A label that occurs neither in truth nor in prediction of an image, batch or data
            set: ``skip`` leaves it out, ``zero`` and ``one`` give it that figure.
        batch_size: For ``batch``.
        weigh_batches: Whether a last batch with fewer images counts less.
        published_union: Take ``|G| + |S|`` for the union, see :data:`PRESETS`.

    Raises:
        ConfigError: For values that are not allowed.

    Example:
        >>> MaskProtocol('mine', border='fg', aggregate='image').classes
        'all'
    """

    name: str
    border: str | None = None
    classes: str = 'all'
    aggregate: str = 'dataset'
    size: tuple[int, int] | None = None
    absent: str = 'skip'
    batch_size: int | None = None
    weigh_batches: bool = True
    published_union: bool = False

    def __post_init__(self):
        where = f'MaskMetric preset {self.name!r}'
        for key, allowed in _ALLOWED.items():
            value = getattr(self, key)
            if value not in allowed:
                names = ', '.join(str(choice) for choice in allowed)
                raise ConfigError(f'{where}: {key} must be one of {names}, got {value!r}')
        if not isinstance(self.name, str) or not self.name or '/' in self.name:
            raise ConfigError(f'{where}: name must be a word without a slash')
        if self.size is not None:
            size = tuple(self.size) if isinstance(self.size, Sequence) else ()
            if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
                raise ConfigError(f'{where}: size must be (height, width), got {self.size!r}')
            object.__setattr__(self, 'size', size)
        batched = isinstance(self.batch_size, int) and self.batch_size > 0
        if (self.aggregate == 'batch') != batched:
            raise ConfigError(
                f"{where}: batch_size must be a positive number with aggregate='batch' and None "
                f'otherwise, got {self.batch_size!r} with {self.aggregate!r}'
            )

    def describe(self) -> dict:
        """Return what differs from M0, for the record."""
        default = MaskProtocol(self.name)
        return {k: v for k, v in asdict(self).items() if v != getattr(default, k)}


_ALL = (
    MaskProtocol(
        'M1', border='fg', aggregate='batch', batch_size=64, size=(256, 256), absent='zero'
    ),
    MaskProtocol('M2', border='bg', classes='fg', aggregate='image', size=(224, 224)),
    MaskProtocol('M3', border='fg', classes='fg', aggregate='image', size=(224, 224)),
    MaskProtocol('M4', border='ignore', aggregate='image', size=(224, 224)),
    MaskProtocol(
        'M5',
        border='bg',
        aggregate='batch',
        batch_size=4,
        weigh_batches=False,
        size=(128, 128),
        absent='one',
    ),
    MaskProtocol(
        'M2_published',
        border='bg',
        classes='fg',
        aggregate='image',
        size=(224, 224),
        published_union=True,
    ),
)
PRESETS = {protocol.name: protocol for protocol in _ALL}
"""How public projects on Oxford-IIIT Pet count; their figures are not comparable with each other.

M1: bennylao/cv-cam-based-img-segmentation. M2 (maps) and M3 (labels, segmentors):
JiakangC/Ensembled-Weakly-Supervised-Segmentation. M4 (masks) and M5 (segmentor):
shaun11235/Weakly-supervised-neural-networks-for-segmentation. ``M2_published`` repeats a defect of
the code behind M2, which divides by the sum of the two areas in place of their union.
"""


def make_protocols(presets: Sequence[str | dict], faithful: bool) -> list[MaskProtocol]:
    """Return the protocols of names and dicts; M0, which is always there, is passed over.

    Args:
        presets: ``M0`` to ``M5``, or dicts with the arguments of :class:`MaskProtocol`.
        faithful: Put ``M2_published`` in the place of ``M2``.

    Raises:
        ConfigError: For unknown names, arguments that do not exist and names given twice.
    """
    if isinstance(presets, (str, dict)):
        raise ConfigError(f'MaskMetric.presets must be a list, got {presets!r}')
    protocols = []
    for preset in presets:
        if preset == 'M0':
            continue
        if isinstance(preset, dict):
            try:
                protocols.append(MaskProtocol(**preset))
            except TypeError as error:
                raise ConfigError(f'MaskMetric.presets: {dict(preset)}: {error}') from error
            continue
        names = ['M0', *(name for name in PRESETS if name != 'M2_published')]
        if preset not in names:
            raise ConfigError(
                f'MaskMetric.presets: {preset!r} is not a preset.'
                f'{near_matches(str(preset), names)} Allowed: {", ".join(names)}, or dicts with '
                'name, border, classes, aggregate, size, absent, batch_size.'
            )
        protocols.append(PRESETS['M2_published' if preset == 'M2' and faithful else preset])
    names = [protocol.name for protocol in protocols]
    if len(set(names)) != len(names) or 'M0' in names:
        raise ConfigError(f'MaskMetric.presets: names must differ, and from M0; got {names}')
    return protocols
