# SPDX-License-Identifier: Apache-2.0
"""Packaging: everything pip needs to know."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """Return the lines of ``requirements/<name>.txt`` without comments."""
    lines = (HERE / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def version() -> str:
    """Return ``__version__`` without importing the package."""
    scope: dict = {}
    exec((HERE / 'wsss' / 'version.py').read_text(encoding='utf-8'), scope)
    return scope['__version__']


setup(
    name='wsss',
    version=version(),
    description='Weakly supervised semantic segmentation on the OpenMMLab stack',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['wsss', 'wsss.*']),
    python_requires='>=3.10',
    install_requires=requirements('runtime'),
    extras_require={
        name: requirements(name) for name in ('crf', 'tests', 'coco', 'compare', 'finch')
    },
)
