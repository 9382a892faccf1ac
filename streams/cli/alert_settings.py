"""Read the settings of a standing search from options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.alerts.standing_search import SearchSettings, StandingSearch


def read_condition(text: str) -> dict[str, Any]:  # noqa: PLR0911  (one for each kind)
    """Read a condition as the command line writes it, such as `frequency:5/60` or `silence:24`.

    Raises:
        OperatorError: it is not one.
    """
    from streams.alerts.standing_search import KINDS, WEEKDAYS

    kind, _, given = text.partition(":")
    number, _, minutes = given.partition("/")
    try:
        match kind:
            case "frequency" if given:
                digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
                fields: dict[str, Any] = {"count": int(digits), "of": number[len(digits) :] or "stories"}
                return {"kind": kind, **fields, **({"minutes": float(minutes)} if minutes else {})}
            case "spike" if given:
                return {"kind": kind, "factor": float(number), **({"minutes": float(minutes)} if minutes else {})}
            case "silence" if given:
                return {"kind": kind, "hours": float(given)}
            case "new-name" if given:
                return {"kind": kind, "types": given.split(",")}
            case "change" if given:
                return {"kind": kind, "of": given}
            case "digest" if given:
                every, _, at = given.partition("@")
                days = {"weekday": every, "every": "week"} if every in WEEKDAYS else {"every": every}
                return {"kind": kind, **days, **({"at": at} if at else {})}
            case _ if kind in KINDS and not given:
                return {"kind": kind}
    except ValueError as error:
        raise OperatorError(f"--when {text}: {error}", hint="rasd alerts add --help", status=2) from error
    raise OperatorError(f"--when {text} is not a condition", hint=f"known: {', '.join(KINDS)}", status=2)


def including(condition: dict[str, Any], directory: Any, included: list[str], owner: str | None) -> dict[str, Any]:
    """Add other standing searches to a digest.

    Args:
        condition: as of `read_condition`.
        directory: all standing searches.
        included: names or ids of the others.
        owner: whose searches they are; None for those of all.

    Raises:
        OperatorError: there is no such search, or the condition is no digest.
    """
    _require_digest(condition)
    return condition | {"searches": [directory.find(name, owner).id for name in included]}


def edited_condition(
    search: StandingSearch, directory: Any, given: dict[str, Any] | None, included: list[str], excluded: list[str]
) -> dict[str, Any]:
    """Return the condition of a search after a change.

    Args:
        search: as it is.
        directory: all standing searches.
        given: another condition; None keeps it. Another digest has the searches that the earlier one had.
        included, excluded: names of searches whose stories a digest gets or loses. One that was deleted is excluded by
            its id.

    Raises:
        OperatorError: there is no such search, or the condition is no digest.
    """
    before: dict[str, Any] = search.when.model_dump()
    condition = dict(before if given is None else given)
    if condition["kind"] == "digest":
        condition["searches"] = list(before.get("searches", ()))
    if included or excluded:
        _require_digest(condition)
        kept: list[str] = condition["searches"]
        # Named by the owner of the digest: names may repeat among owners.
        gone = {name if name in kept else directory.find(name, search.owner or None).id for name in excluded}
        if missing := gone.difference(kept):
            raise OperatorError(f"{search.name} does not include {', '.join(sorted(missing))}", status=2)
        added = [directory.find(name, search.owner or None).id for name in included]
        condition["searches"] = list(dict.fromkeys([*(key for key in kept if key not in gone), *added]))
    return condition


def _require_digest(condition: dict[str, Any]) -> None:
    if condition["kind"] != "digest":
        raise OperatorError("--include and --exclude are for digests", hint="--when digest:day@08:00", status=2)


def read_target(to: str, secret: str | None) -> dict[str, Any]:
    """Return a target as settings have it; a secret is for webhooks alone."""
    signed = secret is not None and to.startswith(("http:", "https:", "webhook:"))
    return {"to": to, "secret": secret if signed else None}


def checked(fields: dict[str, Any]) -> SearchSettings:
    """Make the settings of a search.

    Raises:
        OperatorError: a field is invalid.
    """
    from pydantic import ValidationError

    from streams.alerts.standing_search import SearchSettings

    try:
        return SearchSettings.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise OperatorError(f"{where}: {message}" if where else message, status=2) from error
