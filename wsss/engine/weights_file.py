# SPDX-License-Identifier: Apache-2.0
"""Read a PyTorch file that may come from anyone.

``torch.load(weights_only=True)`` runs no code of the file, but it makes what the file describes: a
few bytes can ask for a byte array, or a view of one number, of any size. What a file asks for is
looked at first here, and what came of it afterwards.
"""

from __future__ import annotations

import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import torch

from ..errors import CheckpointError, DataError
from ..fileio import check_plain

_PICKLE_BYTES = 256 << 20
_LEGACY_PICKLES = 4  # magic number, protocol, system, content; then raw numbers follow
_ROOM = 4  # shared and expanded tensors may be several times what is stored
_MORE_BYTES = 64 << 20


def load(path: str | Path, map_location: Any = 'cpu') -> dict:
    """Read a checkpoint or a state dict without executing anything in it.

    Memory is bounded by a small multiple of the size of the file. Check sums, which torch does not
    look at, are compared; files in PyTorch's format before 1.6 hold none.

    Raises:
        CheckpointError: If the file is missing, damaged, holds more than plain values, or describes
            more than it holds.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise CheckpointError(
            f'weights file {path} does not exist. Check the path (pretrained=... or '
            'load_from=...), or run the stage that writes it.'
        )
    try:
        size = check_plain(path, f'weights file {path}')
        _check_description(path, size)
        content = torch.load(path, map_location=map_location, weights_only=True)
        check_bits(path)
        _check_amount(content, size)
    except CheckpointError:
        raise
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f'weights file {path} cannot be loaded: it is damaged, not a PyTorch file, or holds '
            'objects that could execute code. Allowed are tensors, numbers and strings '
            f'(torch.load with weights_only=True). The reason: {first[:200]}'
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            f'weights file {path} holds a {type(content).__name__}, not a dict of tensors.'
        )
    return content


def check_bits(path: str | Path) -> None:
    """Compare the content of a PyTorch file with the check sums in it, which torch does not.

    Raises:
        CheckpointError: If bits have changed since the file was written.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        bad = str(error)
    if bad:
        raise CheckpointError(
            f'weights file {path} is damaged: its content does not fit its checksum ({bad}). Copy '
            'it again, or run the stage that writes it again with --redo.'
        )


def _check_description(path: Path, size: int) -> None:
    """Look at what a file asks to be made, before it is made.

    Raises:
        ValueError: With the reason.
    """
    if not zipfile.is_zipfile(path):
        with open(path, 'rb') as file:
            for _ in range(_LEGACY_PICKLES):
                _check_names(file)
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        # torch stores numbers as they are; a compressed entry can unfold a thousandfold
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError('an entry is compressed, which torch never writes')
        if sum(member.file_size for member in members) > size:
            raise ValueError('its entries overlap')
        for member in members:
            if member.filename.endswith('.pkl'):
                if member.file_size > _PICKLE_BYTES:
                    raise ValueError(f'its description has {member.file_size} bytes')
                with archive.open(member) as file:
                    _check_names(file)


def _check_names(file: IO[bytes]) -> None:
    """Refuse, in one pickle, byte arrays: of what may be made, they alone are filled at once."""
    for code, argument, _ in pickletools.genops(file):
        if code.name == 'GLOBAL' and str(argument).endswith(' bytearray'):
            raise ValueError(f'it asks for {argument}, which is no plain value')


def _check_amount(content: Any, size: int) -> None:
    total = 0
    for tensor in _tensors(content):
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_quantized:
            raise ValueError('a tensor is sparse, quantised or without content')
        total += tensor.numel() * tensor.element_size()
    if total > _ROOM * size + _MORE_BYTES:
        raise ValueError(f'its tensors would have {total} bytes, the file has {size}')


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    pending, seen = [value], set()
    while pending:
        part = pending.pop()
        if isinstance(part, torch.Tensor):
            yield part
        elif isinstance(part, (dict, list, tuple, set)) and id(part) not in seen:
            seen.add(id(part))  # a container may hold itself
            pending.extend(part.values() if isinstance(part, dict) else part)
