# SPDX-License-Identifier: Apache-2.0
"""Parameters of the dense CRF."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ...checks import check_integer, check_number
from ...errors import ConfigError, near_matches


@dataclass(frozen=True)
class CRFParams:
    """Kernels and iterations of a dense CRF.

    The energy of labels ``l`` is ``sum_i U_i(l_i) + sum_{i<j} [l_i != l_j] (w_b exp(-|p_i - p_j|^2
    / 2 a^2 - |I_i - I_j|^2 / 2 b^2) + w_g exp(-|p_i - p_j|^2 / 2 c^2))`` with positions p in pixels
    and colours I from 0 to 255 (P. Krähenbühl, V. Koltun, "Efficient Inference in Fully Connected
    CRFs with Gaussian Edge Potentials", NIPS 2011, eq. 3).

    Args:
        gaussian_sxy: c, in pixels.
        gaussian_weight: w_g; 0 leaves that kernel out.
        bilateral_sxy: a, in pixels.
        bilateral_srgb: b, in steps of 8-bit colours.
        bilateral_weight: w_b; 0 leaves that kernel out.
        iterations: Of mean field.

    Raises:
        ConfigError: If a value is not usable.
    """

    gaussian_sxy: float
    gaussian_weight: float
    bilateral_sxy: float
    bilateral_srgb: float
    bilateral_weight: float
    iterations: int = 10

    def __post_init__(self):
        for field in fields(self):
            value, name = getattr(self, field.name), f'crf.{field.name}'
            if field.name == 'iterations':
                check_integer(value, name, 0)
            else:
                check_number(value, name, 0, above=not name.endswith('weight'))

    def scaled(self, factor: float) -> CRFParams:
        """Return the same for an image that is ``factor`` times as large: distances grow with it.

        Raises:
            ConfigError: If ``factor`` is not above 0.
        """
        check_number(factor, 'crf.scale_factor', 0, above=True)
        return replace(
            self,
            gaussian_sxy=self.gaussian_sxy * factor,
            bilateral_sxy=self.bilateral_sxy * factor,
        )


# IRN (misc/imutils.py), PSA (tool/imutils.py), DeepLabV2 (Chen et al., TPAMI 2018)
PRESETS = {
    'irn': CRFParams(3, 3, 50, 5, 10),
    'psa': CRFParams(3, 3, 80, 13, 10),
    'deeplab': CRFParams(1, 3, 67, 3, 4),
}


def crf_params(preset: str, **changes: float) -> CRFParams:
    """Return a preset with some values changed.

    Args:
        preset: ``irn``, ``psa`` or ``deeplab``.
        **changes: Fields of :class:`CRFParams`.

    Raises:
        ConfigError: For an unknown preset or field, or a refused value.

    Example:
        >>> crf_params('psa', iterations=5).bilateral_sxy
        80
    """
    if preset not in PRESETS:
        raise ConfigError(
            f'crf.preset={preset!r} is unknown.{near_matches(str(preset), PRESETS)} '
            f'Allowed: {", ".join(PRESETS)}.'
        )
    names = [field.name for field in fields(CRFParams)]
    for name in changes:
        if name not in names:
            raise ConfigError(
                f'crf.{name} is unknown.{near_matches(name, names)} Allowed: {", ".join(names)}.'
            )
    return replace(PRESETS[preset], **changes)
