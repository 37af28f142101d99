# SPDX-License-Identifier: Apache-2.0
"""What the installed OpenMMLab family needs before it is imported.

The compiled operators of mmcv are never used here, but the original mmcv < 2.2 without them cannot
even be imported by mmseg (``mmcv._ext`` is missing). :func:`prepare` puts a stub in its place whose
attributes raise when called. It also quiets warnings of the stack that no user can act on.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import io
import sys
import types
import warnings

_PREPARED = False


class _MissingOps(types.ModuleType):
    """Stand-in for ``mmcv._ext``: importable, but every operator raises when it is called."""

    def __init__(self, name: str):
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise RuntimeError(
                f"mmcv's compiled operator '{name}' is not installed. wsss does not need it; the "
                'component that called it does: choose another or install mmcv with its operators.'
            )

        return missing


def prepare() -> None:
    """Make the OpenMMLab packages importable and quiet; safe to call often."""
    global _PREPARED
    if _PREPARED:
        return
    _PREPARED = True
    warnings.filterwarnings('ignore', message='.*MultiScaleDeformableAttention.*')
    warnings.filterwarnings('ignore', message='.*broadcast_buffers.*', category=FutureWarning)
    warnings.filterwarnings('ignore', message='.*Setting MKL_NUM_THREADS.*')
    warnings.filterwarnings('ignore', message='.*Setting OMP_NUM_THREADS.*')
    warnings.filterwarnings('ignore', message='.*lr_scheduler.step.*')
    warnings.filterwarnings('ignore', message='.*For binary segmentation, we suggest.*')
    if _needs_stub():
        sys.modules.setdefault('mmcv._ext', _MissingOps('mmcv._ext'))


def import_quietly() -> None:
    """Import the data sets of both families; the forks print a debug line to stdout when they are.

    Tools whose output is read by programs could not be trusted otherwise.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        for name in ('mmpretrain.datasets', 'mmseg.datasets'):
            importlib.import_module(name)


def _needs_stub() -> bool:
    """Whether mmcv is the original without compiled operators; the forks guard their uses."""
    try:
        importlib.metadata.version('onedl-mmcv')
    except importlib.metadata.PackageNotFoundError:
        package = importlib.util.find_spec('mmcv')
        return package is not None and importlib.util.find_spec('mmcv._ext') is None
    return False
