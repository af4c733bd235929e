"""The images that every simulated cluster has: each is a file of this folder, or a folder with all that is in it.

To add one: a module here that has ``FAMILIES``, the names by which the image is known (`Family`) and what it has in it
(`Image`). Nothing else is to be changed: this module lists the folder. What takes long to import is named by
`kubesim.late`, so that only pods that run it wait for it.

What a family's tags stand for is in its Dockerfiles: https://github.com/docker-library (nginx:
https://github.com/nginx/docker-nginx).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from kubesim.containers.catalog import Catalog, Family

_MODULES = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
SHIPPED = Catalog(family for module in _MODULES for family in module.FAMILIES)
EXAMPLES = SHIPPED.examples
IMAGE_DELAYS = SHIPPED.delays

find_image = SHIPPED.find
find_mirrored_image = SHIPPED.find_mirrored

__all__ = ["EXAMPLES", "IMAGE_DELAYS", "SHIPPED", "Family", "find_image", "find_mirrored_image"]
