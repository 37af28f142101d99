# SPDX-License-Identifier: Apache-2.0
"""Breeds and split lists of the Oxford-IIIT Pet data set."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError, DataError, near_matches
from ..fileio import read_json, read_text

BREEDS = (
    'Abyssinian',
    'american_bulldog',
    'american_pit_bull_terrier',
    'basset_hound',
    'beagle',
    'Bengal',
    'Birman',
    'Bombay',
    'boxer',
    'British_Shorthair',
    'chihuahua',
    'Egyptian_Mau',
    'english_cocker_spaniel',
    'english_setter',
    'german_shorthaired',
    'great_pyrenees',
    'havanese',
    'japanese_chin',
    'keeshond',
    'leonberger',
    'Maine_Coon',
    'miniature_pinscher',
    'newfoundland',
    'Persian',
    'pomeranian',
    'pug',
    'Ragdoll',
    'Russian_Blue',
    'saint_bernard',
    'samoyed',
    'scottish_terrier',
    'shiba_inu',
    'Siamese',
    'Sphynx',
    'staffordshire_bull_terrier',
    'wheaten_terrier',
    'yorkshire_terrier',
)
"""Names in the order of the official class ids 1..37; cats begin with a capital letter."""

SPECIES = ('cat', 'dog')

LISTS = {
    'train': 'annotations/trainval.txt',
    'val': 'annotations/trainval.txt',
    'trainval': 'annotations/trainval.txt',
    'test': 'annotations/test.txt',
}
"""Named splits and their files; train and val are parts of trainval."""


def species_of(breed: int) -> int:
    """Return 0 for a cat and 1 for a dog."""
    return 0 if BREEDS[breed][0].isupper() else 1


def breed_of_name(image_id: str) -> int | None:
    """Return the breed that the name of an image begins with (``pug_12``), or None."""
    prefix = image_id.rpartition('_')[0]
    return BREEDS.index(prefix) if prefix in BREEDS else None


def read_rows(path: Path) -> list[tuple[str, int | None]]:
    """Read a list of images.

    Args:
        path: Text with ``name class_id species breed_id`` or a bare name per line (``#`` begins a
            comment), or a JSON list of names (``.json``). A file suffix of the names is dropped.

    Returns:
        ``(image id, breed 0..36 or None)`` in the order of the file. Resource forks (``._*``) are
        left out.

    Raises:
        DataError: If the file is missing or a row cannot be understood; names file and line.
    """
    if path.suffix == '.json':
        names = read_json(path, 'split list')
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(f'split list {path} must be a JSON list of image names.')
        rows = [(name, None) for name in names]
    else:
        if not path.is_file():
            raise DataError(
                f'split list {path} does not exist. The folder above it must be the official '
                'release (images/, annotations/trainval.txt, annotations/test.txt): '
                'tools/dataset_converters/oxford_pet.py makes it.'
            )
        lines = read_text(path, 'split list').splitlines()
        rows = [
            _parse_row(line, f'{path}:{number}')
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.lstrip().startswith('#')
        ]
    return [
        (name.removesuffix('.jpg').removesuffix('.png'), breed)
        for name, breed in rows
        if not name.startswith('._')
    ]


def _parse_row(line: str, where: str) -> tuple[str, int | None]:
    fields = line.split()
    if len(fields) == 1:
        return fields[0], None
    form = "allowed is 'name class_id species breed_id', or the name alone"
    if len(fields) != 4 or not all(field.isdecimal() for field in fields[1:]):
        raise DataError(f'{where}: the row {line.strip()!r} cannot be understood; {form}.')
    class_id, species = int(fields[1]), int(fields[2])
    if not 1 <= class_id <= len(BREEDS):
        raise DataError(f'{where}: class_id {class_id} is outside 1..{len(BREEDS)}; {form}.')
    if species != species_of(class_id - 1) + 1:
        raise DataError(
            f'{where}: species {species} does not fit class_id {class_id} '
            f'({BREEDS[class_id - 1]}, a {SPECIES[species_of(class_id - 1)]}); 1 is cat, 2 is dog.'
        )
    return fields[0], class_id - 1


def find_list(root: Path, split: str) -> Path:
    """Return the list file of a named split, or the file that ``split`` names.

    Raises:
        ConfigError: If ``split`` is neither a name nor a file.
    """
    if split in LISTS:
        return root / LISTS[split]
    path = root / split  # an absolute path stays as it is
    if not path.is_file():
        raise ConfigError(
            f'OxfordPet.split {split!r} is neither {", ".join(sorted(LISTS))} nor a list file '
            f'({path} does not exist).{near_matches(split, LISTS)}'
        )
    return path


def read_split(root: Path, split: str) -> list[tuple[str, int]]:
    """Read a split with the breed of every image.

    The breed of a bare name comes from ``annotations/list.txt``, else from the official split
    lists, else from the name itself.

    Returns:
        ``(image id, breed 0..36)``.

    Raises:
        DataError: If an image has no breed or a list cannot be read.
    """
    path = find_list(root, split)
    rows = read_rows(path)
    if all(breed is not None for _, breed in rows):
        return rows
    known: dict[str, int | None] = {}
    for name in ('test.txt', 'trainval.txt', 'list.txt'):
        if (root / 'annotations' / name).is_file():
            known.update(read_rows(root / 'annotations' / name))
    result = []
    for image_id, breed in rows:
        for candidate in (breed, known.get(image_id), breed_of_name(image_id)):
            if candidate is not None:
                result.append((image_id, candidate))
                break
        else:
            raise DataError(
                f'{path}: the breed of image {image_id!r} is not known: it is in no official list '
                'and its name does not begin with a breed. Give the row as '
                "'name class_id species breed_id'."
            )
    return result
