"""Find links and mentions of documentation pages that lead nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

# A page of docs/ as code, comments, messages and rules name it, with the anchor of an alert's runbook entry.
_MENTION = re.compile(r"(?<![\w/.:-])docs/([\w./-]*\w)(?:#([\w-]+))?")
# Files and modules of the code as pages name them.
_CODE_PATH = re.compile(r"(?<![\w/.-])((?:streams|agents|tests|deploy|benchmarks)/[\w./-]*\w)(?![\w/<*…])")
_TEST = re.compile(r"(?<![\w/.-])(tests/[\w/]+\.py)::(\w+)")
_MODULE = re.compile(r"python -m ((?:streams|agents|deploy|benchmarks)(?:\.\w+)+)")
_LINK = re.compile(r"\[[^\]]*\]\(<?([^()\s>]+)>?\)")
_FENCE = re.compile(r"^ *```.*?^ *```\s*?$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a Markdown page."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", _FENCE.sub("", page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken_links(root: Path, paths: Iterable[Path]) -> list[str]:
    """Return one line for each relative link, anchor, and mention of a path in docs/ that does not exist under `root`.

    Links are read in Markdown files, mentions in all files. Files that are not UTF-8 text are skipped.
    """
    broken: list[str] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        where = path.relative_to(root)
        targets = [(root / "docs" / name, anchor) for name, anchor in _MENTION.findall(text)]
        if path.suffix == ".md":
            targets += _links(path, text)
        broken += [f"{where}: {_named(root, *target)}" for target in targets if not _exists(*target)]
    return broken


def missing_code(root: Path, pages: Iterable[Path]) -> list[str]:
    """Return one line for each file, folder, test or `python -m` module that a page names and that is not under `root`.

    A test is named as pytest does: `tests/FILE.py::FUNCTION`.
    """
    missing: list[str] = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        where = page.relative_to(root)
        missing += [f"{where}: {name}" for name in _CODE_PATH.findall(text) if not (root / name).exists()]
        for name, test in _TEST.findall(text):
            file = root / name
            if file.exists() and not re.search(
                rf"^(async )?def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE
            ):
                missing.append(f"{where}: {name}::{test}")
        for module in _MODULE.findall(text):
            path = root / module.replace(".", "/")
            if not path.with_suffix(".py").is_file() and not (path / "__init__.py").is_file():
                missing.append(f"{where}: {module}")
    return missing


def linked_pages(page: Path) -> set[Path]:
    """Return the Markdown files that a page links to."""
    links = _links(page, page.read_text(encoding="utf-8"))
    return {target.resolve() for target, _ in links if target.suffix == ".md"}


def _links(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    """Yield the file and anchor of each relative link of a Markdown page; links in code are none."""
    for link in _LINK.findall(_CODE.sub("", _FENCE.sub("", text))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        yield (path.parent / target if target else path), anchor


def _exists(path: Path, anchor: str) -> bool:
    if not path.exists():
        return False
    return not anchor or path.suffix != ".md" or anchor in anchors(path.read_text(encoding="utf-8"))


def _named(root: Path, path: Path, anchor: str) -> str:
    shown = path.resolve()
    name = str(shown.relative_to(root.resolve())) if shown.is_relative_to(root.resolve()) else str(shown)
    return f"{name}#{anchor}" if anchor else name
