"""Add the command `rasd evaluate places`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.cli.console import out
from streams.cli.environment import get_settings
from streams.cli.evaluate import app as evaluations

if TYPE_CHECKING:
    from streams.records import Article


class Half(StrEnum):
    """Half of a gold file."""

    TUNE = "tune"
    TEST = "test"


def register(app: typer.Typer) -> None:  # noqa: ARG001  (every stage's commands are registered alike)
    """Add this stage's commands."""
    evaluations.command("places")(places)


def places(
    gold: Path = typer.Argument(
        ...,
        metavar="GOLD",
        help="Labels, one article a line (benchmarks/places/gold.jsonl). See docs/explanation/places.md.",
    ),
    corpus: Path = typer.Option(
        None, "--corpus", help="Folder of .zip dumps with the articles. Not needed if the lines have `content`."
    ),
    half: Half = typer.Option(None, "--half", help="Use only the lines of this half."),
    entities: bool = typer.Option(True, "--entities/--no-entities", help="Tag entities first, as the pipeline does."),
    mistakes: bool = typer.Option(False, "--mistakes", help="List every wrong mention with its cause."),
) -> None:
    """Geotag labelled articles and print precision and recall of mentions and of places.

    A place is right within 30 km of its label; countries and divisions must be the same.

    Example: `rasd evaluate places benchmarks/places/gold.jsonl --corpus saudinewsnet/ --half test --mistakes`
    """
    from rich.table import Table

    from agents.geotag.evaluation import evaluate_places

    report = evaluate_places(gold, corpus, half, entity_stage() if entities else None)
    table = Table(title=f"{report.articles} articles", box=None, title_justify="left")
    table.add_column("of")
    for name in ("precision", "recall", "F1", "right", "found", "gold"):
        table.add_column(name, justify="right")
    for name, score in (("mentions", report.mentions), ("places", report.places)):
        figures = (f"{value:.3f}" for value in (score.precision, score.recall, score.f1))
        table.add_row(name, *figures, *map(str, (score.right, score.found, score.gold)))
    out().print(table)
    for mistake in report.mistakes if mistakes else ():
        out().print(
            f"{mistake.cause}: {mistake.text} | gold: {mistake.gold or '-'} | found: {mistake.found or '-'} "
            f"| {mistake.url}",
            markup=False,
            soft_wrap=True,
        )


def entity_stage() -> Callable[[Article], Article]:
    """Return the entity stage as a function of an article. It is found by its name: no stage imports another.

    Raises:
        TypeError: the stage called `entities` does not tag articles.
    """
    from streams.engine.apply import apply
    from streams.engine.in_process import LocalContext
    from streams.observability.metrics import Metrics
    from streams.pipeline import load_pipeline
    from streams.records import Article
    from streams.stage import Arrival, MapStage

    metrics = Metrics()
    (wired,) = load_pipeline().load(("entities",))
    stage = wired.stage
    if not isinstance(stage, MapStage):
        raise TypeError(f"the stage {stage.name} tags no articles")
    function = stage.build(LocalContext(get_settings(), metrics))

    def tag(article: Article) -> Article:
        (outcome,) = apply(stage, function, [(article, Arrival(timestamp=0.0))], metrics)
        if outcome.failure is not None:
            raise outcome.failure
        (tagged,) = outcome.records
        if not isinstance(tagged, Article):
            raise TypeError(f"the stage {stage.name} gave no article")
        return tagged

    return tag
