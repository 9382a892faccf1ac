"""The directory as a file: TOML, JSON and OPML, in and out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from pydantic import ValidationError

from streams.errors import OperatorError
from streams.sources.watch.directory import Kind, WatchedSource, name_of

FORMATS = (".toml", ".json", ".opml")


def read_list(path: Path) -> list[WatchedSource]:
    """Read sources from a file.

    Raises:
        OperatorError: it cannot be read; the message names the entry or the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}", status=2) from error
    suffix = path.suffix.lower()
    if suffix == ".opml" or (suffix == ".xml" and b"<opml" in data[:2000].lower()):
        return _read_opml(path, data)
    if suffix not in FORMATS:
        raise OperatorError(f"{path}: unknown file type", hint=f"known: {', '.join(FORMATS)}", status=2)
    try:
        text = data.decode("utf-8-sig")
        parsed: Any = tomllib.loads(text) if suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{path}: {error}", status=2) from error
    entries = parsed.get("source", parsed.get("sources")) if isinstance(parsed, dict) else parsed
    if not isinstance(entries, list):
        raise OperatorError(f"{path}: has no list of sources", hint="[[source]] begins one in TOML", status=2)
    return [_source(entry, f"{path}: source {number}") for number, entry in enumerate(entries, start=1)]


def write_toml(sources: Iterable[WatchedSource]) -> str:
    """Write sources as TOML, which `read_list` reads."""
    blocks = []
    for source in sources:
        fields = source.model_dump(mode="json", exclude_defaults=True)
        # A string, number, boolean or list of strings is written alike in JSON and TOML.
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
        blocks.append("\n".join(["[[source]]", *lines]))
    return "\n\n".join(blocks) + "\n"


def write_opml(sources: Iterable[WatchedSource]) -> bytes:
    """Write the feeds among sources as OPML 2.0, a folder for each first collection."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Rasd"
    body = etree.SubElement(root, "body")
    folders: dict[str, etree._Element] = {}
    for source in sources:
        if source.kind is not Kind.FEED:
            continue
        parent = body
        if source.collections:
            name = source.collections[0]
            if name not in folders:
                folders[name] = etree.SubElement(body, "outline", text=name)
            parent = folders[name]
        attributes = {"type": "rss", "text": source.outlet, "title": source.name, "xmlUrl": source.url}
        attributes |= {"language": source.language} if source.language else {}
        etree.SubElement(parent, "outline", attributes)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data


def _read_opml(path: Path, data: bytes) -> list[WatchedSource]:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise OperatorError(f"{path}: {error}", status=2) from error
    if root is None or root.tag != "opml":
        raise OperatorError(f"{path}: not an OPML file", status=2)
    found: dict[str, WatchedSource] = {}
    for outline in root.iter("outline"):
        url = outline.get("xmlUrl") or outline.get("xmlurl")
        if not url:
            continue
        folders = [a.get("text") or a.get("title") for a in outline.iterancestors("outline")]
        name = _free_name(name_of(url), found)
        fields = {
            "name": name,
            "url": url,
            "kind": Kind.FEED,
            "outlet": outline.get("text") or outline.get("title") or urlsplit(url).hostname,
            "collections": [folder for folder in reversed(folders) if folder],
            "language": outline.get("language"),
        }
        found[name] = _source(fields, f"{path}:{outline.sourceline}")
    return list(found.values())


def _free_name(name: str, taken: dict[str, WatchedSource]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name[:95]}-{number}", number + 1
    return free


def _source(fields: object, place: str) -> WatchedSource:
    """Check one entry.

    Raises:
        OperatorError: it is not a source.
    """
    if isinstance(fields, dict) and "name" not in fields and isinstance(fields.get("url"), str):
        fields = fields | {"name": name_of(fields["url"])}
    try:
        return WatchedSource.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "entry"
        raise OperatorError(f"{place}: {where}: {first['msg']}", status=2) from error
