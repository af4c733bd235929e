"""The types that the product ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from kubesim.api.gated import CLOSED
from kubesim.api.schema import definitions, name_of
from kubesim.kinds import RESOURCES

TOOL = Path(__file__).parents[3] / "tools" / "extract_schemas.py"


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None, reason="the development package is missing"
)
def test_the_shipped_types_are_what_the_tool_extracts() -> None:
    """Same bytes each time, so that a change of the source shows."""
    spec = importlib.util.spec_from_file_location("extract_schemas", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.packed() == tool.TARGET.read_bytes(), "run tools/extract_schemas.py"


def test_every_kind_has_a_type() -> None:
    for resource in RESOURCES:
        assert name_of(resource.group, resource.version, resource.kind) in definitions()


def test_every_gated_field_is_one_of_its_type() -> None:
    for definition, fields in CLOSED.items():
        assert set(fields) <= definitions()[definition]["properties"].keys(), definition
