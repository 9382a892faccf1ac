"""docs/guides/connect-kibana.md names fields of the index as the template has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.support.processes import ROOT

GUIDE = (ROOT / "docs" / "guides" / "connect-kibana.md").read_text(encoding="utf-8")
TEMPLATE = json.loads((ROOT / "deploy" / "elasticsearch" / "index.json").read_text(encoding="utf-8"))["template"]


def leaves(properties: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field that has a type, with its full name; sub-fields too."""
    for name, field in properties.items():
        yield from leaves(field.get("properties", {}), f"{above}{name}.")
        yield from leaves(field.get("fields", {}), f"{above}{name}.")
        if "type" in field:
            yield f"{above}{name}", field


FIELDS = dict(leaves(TEMPLATE["mappings"]["properties"]))


def test_the_alias_and_the_time_field_exist() -> None:
    assert f"| Index pattern | `{next(iter(TEMPLATE['aliases']))}` |" in GUIDE
    assert FIELDS["@timestamp"]["type"] == "date"
    assert "| Timestamp field | `@timestamp` |" in GUIDE


def test_fields_to_show_can_be_aggregated() -> None:
    table = GUIDE.partition("| to show | field |")[2].partition("\n\n")[0]
    named = re.findall(r"`([\w.]+)`", table)
    assert len(named) > 15
    for name in named:
        assert FIELDS[name]["type"] in {"keyword", "date", "geo_point"}, name
        assert FIELDS[name].get("doc_values", True), name


def test_queries_name_fields_that_can_be_searched() -> None:
    table = GUIDE.partition("| query | finds |")[2].partition("\n\n")[0]
    named = set(re.findall(r"(?:`|and |not )([\w.]+):", table))
    assert len(named) > 4
    assert named <= FIELDS.keys()
    unmapped = re.search(r"not in the mapping \(([^)]+)\)", GUIDE)
    assert unmapped
    for name in re.findall(r"`([\w.]+)`", unmapped[1]):
        assert FIELDS.get(name, {}).get("enabled", True) is False or name not in FIELDS
