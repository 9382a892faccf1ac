"""The commands of `rasd`, with what `rasd --help` says of each, so that it imports none of them.

A test compares them with the commands themselves.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

DESCRIPTION = "Rasd (رصد) turns raw Arabic news pages into searchable, deduplicated, tagged articles."
_OPTIONS = (("--version", "Print the version and exit."), ("-h, --help", "Show this message and exit."))
_MOST_COLUMNS = 100


class Command(NamedTuple):
    """One command, or group of commands.

    Attributes:
        name: what is typed after `rasd`.
        module: which module of `streams.cli` registers it; None for what plugins add to.
        summary: the first sentence of its help.
    """

    name: str
    module: str | None
    summary: str


PANELS: Mapping[str, Sequence[Command]] = {
    "Local servers": (
        Command("up", "stack", "Start a local Kafka and Elasticsearch in the background."),
        Command("down", "stack", "Stop the servers that `rasd up` started; keep their data."),
        Command(
            "status",
            "stack",
            "Show the local servers' state, addresses and logs; exit with status 1 unless all are ready.",
        ),
        Command(
            "demo",
            "demo",
            "Start all servers, process the sample articles, watch invented outlets, and serve until Ctrl-C.",
        ),
    ),
    "Operations": (
        Command("worker", "run", "Run the pipeline's stages, or some of them, until stopped."),
        Command("serve", "run", "Serve the desk (the web interface), the query API and the live feed over HTTP."),
        Command(
            "watch",
            "watch",
            "Visit the sources of the directory when they are due, and send what is new to articles.raw,"
            " until stopped.",
        ),
        Command(
            "deliver",
            "alerts",
            "Make the alerts of standing searches from what `rasd worker --tap alerts` matches, and deliver them.",
        ),
        Command("topics", "topics", "Manage Kafka topics: create, status, grow, rewind."),
        Command(
            "top",
            "top",
            "Show what flows through each stage: records a second, what waits before it, dead letters of 24 hours.",
        ),
        Command("tap", "tap", "Print the records of a topic as they arrive, one JSON object a line, until Ctrl-C."),
        Command("index", "index", "Manage Elasticsearch indices: setup, status, rollover, migrate."),
        Command("dlq", "dlq", "Inspect dead letters and send them back: list, show, replay."),
        Command("api-key", "api_key", "Manage API keys: new."),
        Command(
            "plugins",
            "plugins",
            "List the stages, taps, sources, formats, taggers, notifiers and commands,"
            " and which package provides them.",
        ),
        Command("notify", "notify", "Send one message through a notifier, to check that it arrives."),
        Command(
            "schema",
            "schema",
            "Write the JSON Schemas of raw and enriched articles, standing searches and alerts to a folder.",
        ),
    ),
    "Articles": (
        Command(
            "sources",
            "sources",
            "Manage the sources that `rasd watch` reads: feeds, sitemaps, section pages, Telegram channels.",
        ),
        Command(
            "backfill",
            "backfill",
            "Fetch what a source published before it was watched, through sitemaps, archive pages and WARC files.",
        ),
        Command(
            "alerts",
            "alerts",
            "Manage standing searches: add, rehearse, digest, list, show, edit, remove, pause, resume, test,"
            " deliveries, replay.",
        ),
        Command("ingest", "ingest", "Send articles from files, or another source, to the topic articles.raw."),
        Command(
            "enrich",
            "enrich",
            "Run all stages on files without a server; write one enriched JSON document per line.",
        ),
        Command("search", "search", "Search the index and print the hits."),
        Command(
            "facets",
            "facets",
            "Count matching articles by outlet, person, organisation, place, country and language.",
        ),
        Command("timeline", "timeline", "Count matching articles and stories over time."),
        Command("export", "export", "Export all matching articles from a snapshot of the index, copies included."),
        Command(
            "explain",
            "explain",
            "Explain which words of a query match which forms of an article, and why it does not match if so.",
        ),
        Command(
            "tag",
            None,
            "Tag tokens as persons, locations and organisations: print each line with a tab and its BIO tag appended.",
        ),
        Command("evaluate", None, "Measure the quality of a stage against a gold file: entities, places."),
    ),
}

MODULES: Mapping[str, str] = {
    each.name: each.module for commands in PANELS.values() for each in commands if each.module is not None
}
"""The module of each command that is whole without plugins."""


def plugins_add_commands() -> bool:
    """Return whether another distribution has commands for `rasd`, or whether that cannot be told."""
    from streams.errors import OperatorError
    from streams.plugins import Group, installed

    try:
        return any(plugin.distribution != "rasd" for plugin in installed(Group.COMMANDS).values())
    except OperatorError:
        return True


def print_help(panels: Mapping[str, Sequence[Command]] = PANELS, file: TextIO | None = None) -> None:
    """Print what `rasd --help` says.

    Args:
        panels: the commands of each heading.
        file: standard output if None.
    """
    file = file if file is not None else sys.stdout
    columns = min(_MOST_COLUMNS, shutil.get_terminal_size().columns)
    marked = file.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def bold(text: str) -> str:
        return f"\033[1m{text}\033[0m" if marked else text

    lines = [f"{bold('Usage:')} rasd [OPTIONS] COMMAND [ARGS]...", "", *textwrap.wrap(DESCRIPTION, columns)]
    tables = {"Options": _OPTIONS} | {
        panel: tuple((each.name, each.summary.replace("`", "")) for each in commands)
        for panel, commands in panels.items()
    }
    indent = 4 + max(len(name) for rows in tables.values() for name, _ in rows)
    for title, rows in tables.items():
        lines += ["", bold(f"{title}:")]
        for name, summary in rows:
            first, *more = textwrap.wrap(summary, max(20, columns - indent)) or [""]
            lines.append(f"  {bold(name)}{' ' * (indent - 2 - len(name))}{first}".rstrip())
            lines += [" " * indent + line for line in more]
    lines += ["", "rasd COMMAND --help explains a command, with an example."]
    print("\n".join(lines), file=file)
