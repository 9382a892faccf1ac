"""Routes to what an article was made from: its raw record, and the dead letters of its page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from streams.api.articles import ADMITTED, known_article
from streams.api.dependencies import Shared, State
from streams.api.problem_details import responses
from streams.kafka.dead_letters import find_letters
from streams.kafka.raw_records import find_raw
from streams.records import Article

router = APIRouter(tags=["articles"])

# Dead letters that are looked through. A letter may have 128 MiB, and most have a page of some 100 KB.
MOST_LETTERS = 500
ArticleId = Annotated[str, Path(description="Id of the article.")]


class PageLetter(BaseModel):
    """A dead letter of a page: a record that a stage, a tap or a source could not use."""

    position: str = Field(description="Its place in articles.dlq, as `rasd dlq show` expects it.")
    written_at: datetime = Field(description="Time at which it was written.")
    stage: str = Field(description="Stage, tap or source that could not use the record.")
    reason: str = Field(description="Category of the reason, as `rasd dlq list --reason` expects it.")
    message: str = Field(description="The error, in one line.")


class PageLetters(BaseModel):
    """The dead letters of a page."""

    letters: list[PageLetter] = Field(description="The newest first.")
    complete: bool = Field(
        description=f"False if there are more than {MOST_LETTERS} and only the newest were searched."
    )


async def page_letters(state: State, article: Article) -> PageLetters:
    """Return the dead letters with an article's id or the URL of its page, among the newest ones."""
    found = await find_letters(state.settings, {article.url.encode(), article.id.encode()}, MOST_LETTERS)
    return PageLetters(
        letters=[
            PageLetter(
                position=letter.position,
                written_at=letter.timestamp,
                stage=letter.stage,
                reason=letter.reason,
                message=letter.message,
            )
            for letter in found.letters
        ],
        complete=found.complete,
    )


@router.get(
    "/articles/{article_id:path}/raw",
    summary="Get the raw record of an article",
    dependencies=ADMITTED,
    response_class=Response,
    responses={
        **responses(401, 403, 404, 422, 503),
        200: {
            "description": "The record of `articles.raw`, byte for byte; its place in the header `Rasd-Raw-Position`.",
            "content": {"application/json": {}},
        },
    },
)
async def raw_page(state: Shared, article_id: ArticleId) -> Response:
    """Return the record of `articles.raw` that an article was made from, the page in `content`.

    404 if there is no such article, or if Kafka no longer has the record (it keeps them for seven days).
    """
    record = await find_raw(state.settings, await known_article(state, article_id))
    if record is None:
        raise HTTPException(404, "Kafka no longer has the raw record of this article")
    headers = {
        "Rasd-Raw-Position": f"{record.partition}:{record.offset}",
        "Content-Disposition": 'attachment; filename="raw.json"',
    }
    return Response(record.value, headers=headers, media_type="application/json")


@router.get(
    "/articles/{article_id:path}/dead-letters",
    summary="List the dead letters of an article's page",
    dependencies=ADMITTED,
    responses=responses(401, 403, 404, 422, 503),
)
async def letters_of_page(state: Shared, article_id: ArticleId) -> PageLetters:
    """Return the dead letters that have an article's id or the URL of its page."""
    return await page_letters(state, await known_article(state, article_id))
