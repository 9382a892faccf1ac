"""Every relative link in Markdown, and every mention of docs/ in code, leads to a page and heading that exist."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.doc_links import anchors, broken_links, linked_pages, missing_code
from tests.support.processes import ROOT

# These two name pages that do not exist, on purpose.
OWN = {"tests/unit/docs/test_links.py", "tests/support/doc_links.py"}


def project_files() -> list[Path]:
    """Return every file of the project that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = set(filter(None, listed.stdout.split("\0"))) - OWN
    return sorted(path for name in names if (path := ROOT / name).is_file())


def test_links_anchors_and_mentions_of_docs_exist() -> None:
    files = project_files()
    assert len(files) > 300
    assert broken_links(ROOT, files) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two pages and a module whose links are all good."""
    (tmp_path / "docs" / "guides").mkdir(parents=True)
    (tmp_path / "docs" / "index.md").write_text("# Index\n\n[Run](guides/run.md#start-and-stop) [Top](#index)\n")
    (tmp_path / "docs" / "guides" / "run.md").write_text("# Run\n\n## Start and stop\n\n[Index](../index.md)\n")
    (tmp_path / "module.py").write_text('HINT = "docs/guides/run.md#start-and-stop explains it"\n')
    return tmp_path


def found(project: Path) -> list[str]:
    return broken_links(project, sorted(path for path in project.rglob("*") if path.is_file()))


def test_good_links_are_not_reported(project: Path) -> None:
    assert found(project) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "report"),
    [
        ("docs/index.md", "guides/run.md", "run.md", "docs/index.md: docs/run.md#start-and-stop"),
        ("docs/index.md", "#start-and-stop", "#start", "docs/index.md: docs/guides/run.md#start"),
        ("docs/index.md", "#index", "#indices", "docs/index.md: docs/index.md#indices"),
        ("module.py", "guides/run.md#start-and-stop", "run.md", "module.py: docs/run.md"),
        ("module.py", "#start-and-stop", "#stop", "module.py: docs/guides/run.md#stop"),
        ("docs/guides/run.md", "../index.md", "index.md", "docs/guides/run.md: docs/guides/index.md"),
    ],
)
def test_a_broken_link_is_reported(project: Path, file: str, old: str, new: str, report: str) -> None:
    path = project / file
    path.write_text(path.read_text().replace(old, new))
    assert report in found(project)


def test_links_in_code_and_to_other_sites_are_not_followed(project: Path) -> None:
    (project / "docs" / "more.md").write_text(
        "`[text](gone.md)` <http://127.0.0.1/docs/gone> [site](https://example.com/docs/gone)\n"
        "```\n[text](gone.md)\n```\n"
    )
    assert found(project) == []


def test_anchors_are_those_of_github() -> None:
    page = "# `rasd up`, first\n\n## Start and stop\n\n```\n# a comment\n```\n\n## Start and stop\n## A [link](b.md)\n"
    assert anchors(page) == {"rasd-up-first", "start-and-stop", "start-and-stop-1", "a-link"}


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    reached, left = {index}, [index]
    while left:
        found = {page for page in linked_pages(left.pop()) if page.exists()} - reached
        reached |= found
        left += found
    pages = set((ROOT / "docs").rglob("*.md"))
    assert len(pages) > 20
    assert pages - reached == set()


def test_code_that_pages_name_exists() -> None:
    pages = [path for path in project_files() if path.suffix == ".md"]
    assert missing_code(ROOT, pages) == []


def test_missing_code_is_reported(project: Path) -> None:
    page = project / "docs" / "index.md"
    (project / "streams" / "build").mkdir(parents=True)
    (project / "streams" / "build" / "__init__.py").touch()
    (project / "streams" / "app.py").touch()
    (project / "tests").mkdir()
    (project / "tests" / "test_app.py").write_text("async def test_it() -> None: ...\n")
    page.write_text("`streams/app.py` `streams/` python -m streams.app python -m streams.build agents/<stage>/x.py\n")
    assert missing_code(project, [page]) == []
    page.write_text("`tests/test_app.py::test_it`\n")
    assert missing_code(project, [page]) == []
    page.write_text("streams/gone.py, python -m streams.gone, tests/test_app.py::test_gone\n")
    assert missing_code(project, [page]) == [
        "docs/index.md: streams/gone.py",
        "docs/index.md: tests/test_app.py::test_gone",
        "docs/index.md: streams.gone",
    ]
