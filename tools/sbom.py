"""Writes a CycloneDX document of what is installed: names, versions, licences, and what needs what.

What the tool needs to run is *required*, what only its extras need *optional*, and what its developers use *excluded*.

python -m tools.sbom build/sbom.cdx.json [--packages FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tools.installed import EXTRAS, OURS, installed, needed, requirements
from tools.licences import licence_of, settings


def bom_of(found: Mapping[str, Distribution], known: Mapping[str, str]) -> Bom:
    """The document.

    Args:
        found: what is installed, by name.
        known: licences of those whose metadata tell none.
    """
    scopes = dict.fromkeys(found, ComponentScope.EXCLUDED)
    scopes |= dict.fromkeys(needed(dict(found), EXTRAS), ComponentScope.OPTIONAL)
    scopes |= dict.fromkeys(needed(dict(found)), ComponentScope.REQUIRED)
    components = {name: _component(name, one, scopes[name], known) for name, one in sorted(found.items())}
    bom = Bom()
    bom.metadata.component = components.pop(OURS)
    bom.components.update(components.values())
    every = {**components, OURS: bom.metadata.component}
    for name, component in every.items():
        extras = ("", *EXTRAS) if name == OURS else ("",)
        needs = {one for extra in extras for one, _ in requirements(found[name], extra)}
        bom.register_dependency(component, [every[one] for one in sorted(needs & every.keys())])
    return bom


def _component(name: str, one: Distribution, scope: ComponentScope, known: Mapping[str, str]) -> Component:
    purl = PackageURL("pypi", None, name, one.version)
    licence = licence_of(one, known)
    return Component(
        name=name,
        version=one.version,
        type=ComponentType.APPLICATION if name == OURS else ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        scope=None if name == OURS else scope,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else None,
    )


def main() -> int:
    """Write it; exit code 1 where the tool itself is not installed there, or the document would not be valid."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("to", type=Path)
    parser.add_argument("--packages", type=Path, help="of another environment: its site-packages")
    wanted = parser.parse_args()
    found = installed(wanted.packages)
    if OURS not in found:
        print(f"{OURS} is not installed there", file=sys.stderr)
        return 1
    text = text_of(bom_of(found, settings()["known"]))
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        print(f"not as the schema has it: {str(wrong.data)[:500]}", file=sys.stderr)
        return 1
    wanted.to.parent.mkdir(parents=True, exist_ok=True)
    wanted.to.write_text(text + "\n", encoding="utf-8")
    print(f"{wanted.to}: {len(found)} packages")
    return 0


def text_of(bom: Bom) -> str:
    """As JSON."""
    return JsonV1Dot6(bom).output_as_string(indent=2)


if __name__ == "__main__":
    sys.exit(main())
