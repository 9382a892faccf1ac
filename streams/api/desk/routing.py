"""The routers of the desk: paths that begin with a language, errors as pages, and a key where one is needed."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.convertors import Convertor, register_url_convertor

from streams.api.auth import needs_to_read
from streams.api.desk.display import LANGUAGES
from streams.api.desk.rendering import DeskRoute


class _Language(Convertor[str]):
    """The part of a path that is a language of the desk."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("desk_language", _Language())

HOME = "/{language:desk_language}"


def make_router() -> APIRouter:
    """Return a router for views, which need a key to read where the API does."""
    return APIRouter(route_class=DeskRoute, include_in_schema=False, dependencies=[Depends(needs_to_read)])
