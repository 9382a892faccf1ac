"""rasd alerts: manage standing searches. rasd deliver: make and deliver their alerts."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.alert_settings import checked, edited_condition, including, read_condition, read_target
from streams.cli.console import out, print_json
from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.alerts.rehearsal import Rehearsal
    from streams.alerts.standing_search import SearchSettings, StandingSearch

app = typer.Typer(
    help="Manage standing searches: add, rehearse, digest, list, show, edit, remove, pause, resume, test, deliveries, "
    "replay.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_MANY = "repeatable"
_NAME = typer.Argument(..., metavar="SEARCH", help="Name, id, or beginning of the id.")
_OWNER = typer.Option(None, "--owner", help="Name of the API key that it belongs to; by default the operator.")


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="alerts", rich_help_panel="Articles")
    root.command(rich_help_panel="Operations")(deliver)


_QUERY = typer.Argument("", help='Words, "phrases" or «phrases», -excluded, أو (OR), as for rasd search.')
_TO = typer.Option(
    [],
    "--to",
    help="Who gets the alerts: https://… (webhook), mailto:ADDRESS, apprise:SECRET, webhook:SECRET, log:desk "
    f"({_MANY}).",
)
_WHEN = typer.Option(
    "story",
    "--when",
    help="When an alert is due: story; frequency:5/60 (5 stories in 60 minutes; 5outlets/60 counts outlets); spike or "
    "spike:3/60 (3 times the usual number in 60 minutes); silence:24 (hours); new-name or new-name:person,place; "
    "change or change:headline; source-quiet; digest:day@08:00, digest:hour or digest:sun@08:00 (one message at these "
    "local times with the stories that are new).",
)
_INCLUDE = typer.Option(
    [], "--include", help=f"For a digest: another standing search whose stories are in it; name or id ({_MANY})."
)


_PAUSE = typer.Option(0.0, "--pause", help="Shortest time between two alerts, in minutes.")
_PLACE = typer.Option([], "--place", help=f"Only articles that name this place ({_MANY}).")
_COUNTRY = typer.Option([], "--country", help=f"Only articles that name this country ({_MANY}).")
_PERSON = typer.Option([], "--person", help=f"Only articles that name this person ({_MANY}).")
_ORGANISATION = typer.Option([], "--organisation", help=f"Only articles that name this organisation ({_MANY}).")
_SOURCE = typer.Option([], "--source", help=f"Only articles by this outlet ({_MANY}).")
_COLLECTION = typer.Option([], "--collection", help=f"Only articles by outlets of this collection ({_MANY}).")
_LANGUAGE = typer.Option([], "--language", help=f"Only articles in this language ({_MANY}).")
_CLUSTER = typer.Option(None, "--cluster", help="Only articles of this story.")
_MAX_AGE = typer.Option(None, "--max-age", help="Leave out articles that are older when they arrive, in hours.")
_ZONE = typer.Option("UTC", "--zone", help="Time zone of the times in messages, such as Asia/Riyadh.")


@app.command()
def add(
    query: str = _QUERY,
    name: str = typer.Option(None, "--name", "-n", help="Name; by default the query."),
    to: list[str] = _TO,
    when: str = _WHEN,
    pause: float = _PAUSE,
    place: list[str] = _PLACE,
    country: list[str] = _COUNTRY,
    person: list[str] = _PERSON,
    organisation: list[str] = _ORGANISATION,
    source: list[str] = _SOURCE,
    collection: list[str] = _COLLECTION,
    language: list[str] = _LANGUAGE,
    cluster: str = _CLUSTER,
    max_age: float = _MAX_AGE,
    secret: str = typer.Option(None, "--secret", help="Name of the secret that signs requests to webhooks."),
    zone: str = _ZONE,
    messages: str = typer.Option("ar", "--messages", help="Language of the messages' own words: ar or en."),
    include: list[str] = _INCLUDE,
    owner: str = _OWNER,
) -> None:
    """Save a standing search. Articles that arrive from now on cause alerts.

    `rasd worker --tap alerts` has to run, and `rasd deliver`.

    Example: `rasd alerts add 'سد النهضة' --name السد --to https://desk.example.com/hook --pause 30`
    """
    from streams.alerts.secret_store import webhook_secret
    from streams.alerts.standing_search import WEB, new_search
    from streams.alerts.store import save_search

    filters = _filters(
        q=query, place=place, country=country, person=person, organisation=organisation, source=source,
        collection=collection, language=language, cluster=cluster,
    )  # fmt: skip
    made = checked(
        {
            "name": name or query or "search",
            "filters": filters,
            "when": including(read_condition(when), _read(), include, owner) if include else read_condition(when),
            "targets": [read_target(entry, secret) for entry in to],
            "pause_minutes": pause,
            "max_age_hours": max_age,
            "zone": zone,
            "language": messages,
        }
    )
    settings = get_settings()
    search = new_search(made, owner or "")
    unsigned = [t for t in search.targets if t.channel in WEB and webhook_secret(settings, search, t) is None]
    asyncio.run(save_search(settings, search))
    typer.echo(f"saved {search.id} {search.name}")
    if (learned := asyncio.run(_learn(search))) is not None:
        typer.echo(f"it knows {learned} articles of the past 30 days", err=True)
    if unsigned:
        typer.echo("requests to its webhook are not signed: set RASD_ALERTS_SIGNING_KEY, or give --secret", err=True)


@app.command()
def rehearse(
    query: str = _QUERY,
    when: str = _WHEN,
    pause: float = _PAUSE,
    place: list[str] = _PLACE,
    country: list[str] = _COUNTRY,
    person: list[str] = _PERSON,
    organisation: list[str] = _ORGANISATION,
    source: list[str] = _SOURCE,
    collection: list[str] = _COLLECTION,
    language: list[str] = _LANGUAGE,
    cluster: str = _CLUSTER,
    max_age: float = _MAX_AGE,
    zone: str = _ZONE,
    saved: str = typer.Option(None, "--search", help="Rehearse this standing search instead: name or id."),
    days: int = typer.Option(30, "--days", min=1, max=366, help="Number of days to replay."),
    by: str = typer.Option(
        "arrival", "--by", help="Which time of an article counts: arrival, or publication for archives loaded at once."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object, as POST /alerts/rehearse does."),
) -> None:
    """Replay a search over the past days of the index: what it would have told, and what brings most of it.

    Nothing is saved or sent.

    Example: `rasd alerts rehearse 'زلزال أو هزة' --when frequency:5/60`
    """
    from streams.cli.print_rehearsal import print_rehearsal

    if by not in {"arrival", "publication"}:
        raise OperatorError(f"--by {by}: arrival or publication", status=2)
    if saved is not None:
        wanted = _read().find(saved).settings()
    else:
        filters = _filters(
            q=query, place=place, country=country, person=person, organisation=organisation, source=source,
            collection=collection, language=language, cluster=cluster,
        )  # fmt: skip
        fields = {"name": query or "search", "filters": filters, "when": read_condition(when), "pause_minutes": pause}
        wanted = checked(fields | {"max_age_hours": max_age, "zone": zone})
    found = asyncio.run(_rehearse(wanted, days, by))
    if as_json:
        print_json(found)
        return
    print_rehearsal(found, out(100))


@app.command()
def digest(
    search: str = _NAME,
    owner: str = _OWNER,
    hours: float = typer.Option(None, "--hours", min=0.1, help="Time to look back; by default that of the digest."),
    html: bool = typer.Option(False, "--html", help="Print the HTML of the mail instead of its text."),
    output: Path = typer.Option(None, "--output", "-o", help="Write it to this file; one in .html gets the HTML."),
) -> None:
    """Show a digest as it would be now. Nothing is sent, and the next one is as without it.

    Example: `rasd alerts digest الصباح --output digest.html`
    """
    from streams.alerts.digest_preview import preview

    directory = _read()
    found = directory.find(search, owner)
    message = asyncio.run(preview(get_settings(), found, directory.searches, hours))
    if message is None:
        typer.echo("nothing is new, and no source is quiet", err=True)
        return
    text = message.html if html or (output is not None and output.suffix == ".html") else message.text
    if output is None:
        sys.stdout.buffer.write(text.encode())
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{output}: {error.strerror}", status=2) from error
    typer.echo(f"wrote {output}", err=True)


async def _rehearse(wanted: SearchSettings, days: int, by: Any) -> Rehearsal:
    from streams.alerts.rehearsal import open_past

    async with open_past(get_settings(), wanted.filters) as past:
        return await past.rehearse(wanted, days=days, by=by)


async def _learn(search: StandingSearch) -> int | None:
    """Tell a new search of its past; None if its kind has no use for it, or the index does not answer."""
    from streams.alerts.rehearsal import open_past
    from streams.errors import Retryable

    if not search.learns:
        return None
    try:
        async with open_past(get_settings(), search.filters) as past:
            return await past.teach(search)
    except Retryable as error:
        typer.echo(f"it begins without knowledge of the past: {error}", err=True)
        return None


def _filters(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value}


@app.command(name="list")
def list_searches(
    owner: str = typer.Option(None, "--owner", help="Only searches of this API key."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object per line."),
) -> None:
    """List the standing searches.

    Example: `rasd alerts list`
    """
    from rich.table import Table

    searches = _read().of(owner)
    if as_json:
        for search in searches:
            sys.stdout.buffer.write(search.to_json() + b"\n")
        return
    table = Table("id", "name", "owner", "when", "query", "targets", "state", box=None, pad_edge=False)
    for search in searches:
        targets = ", ".join(target.shown for target in search.targets) or "-"
        state = "paused" if search.paused else "active"
        table.add_row(search.id, search.name, search.owner or "-", search.when.kind, search.filters.q, targets, state)
    out(160).print(table)


@app.command()
def show(
    search: str = _NAME,
    owner: str = _OWNER,
    reveal: bool = typer.Option(False, "--secret", help="Print only the secret that signs requests to its webhooks."),
) -> None:
    """Print a standing search as JSON.

    Example: `rasd alerts show السد`
    """
    from streams.alerts.secret_store import webhook_secret
    from streams.alerts.standing_search import NAMED_WEBHOOK, WEB

    found = _read().find(search, owner)
    if not reveal:
        typer.echo(found.model_dump_json(by_alias=True, indent=2))
        return
    for target in found.targets:
        if target.channel in {*WEB, NAMED_WEBHOOK}:
            secret = webhook_secret(get_settings(), found, target)
            if secret is None:
                raise OperatorError("its requests are not signed", hint="RASD_ALERTS_SIGNING_KEY")
            typer.echo(secret)
            return
    raise OperatorError(f"{found.name} has no webhook", status=2)


@app.command()
def edit(
    search: str = _NAME,
    owner: str = _OWNER,
    query: str = typer.Option(None, "--query", "-q", help="Another text query; other filters stay."),
    name: str = typer.Option(None, "--name", "-n", help="Another name."),
    when: str = typer.Option(None, "--when", help="Another condition, as for add."),
    to: list[str] = typer.Option([], "--to", help=f"Add a target ({_MANY})."),
    drop: list[str] = typer.Option([], "--drop", help=f"Remove a target ({_MANY})."),
    include: list[str] = typer.Option(
        [], "--include", help=f"Add the stories of another standing search to a digest ({_MANY})."
    ),
    exclude: list[str] = typer.Option(
        [], "--exclude", help=f"Leave the stories of another standing search out of a digest ({_MANY})."
    ),
    pause: float = typer.Option(None, "--pause", help="Shortest time between two alerts, in minutes."),
) -> None:
    """Change a standing search. What it remembers of its stories stays.

    Example: `rasd alerts edit السد --to mailto:desk@example.com --pause 60`
    """
    directory = _read()
    found = directory.find(search, owner)
    fields = found.settings().model_dump(by_alias=True)
    targets = [target for target in fields["targets"] if target["to"] not in drop]
    fields["targets"] = [*targets, *(read_target(entry, None) for entry in to)]
    if query is not None:
        fields["filters"] = {k: v for k, v in fields["filters"].items() if v not in (None, ())} | {"q": query}
    fields["when"] = edited_condition(
        found, directory, read_condition(when) if when is not None else None, include, exclude
    )
    changes = {"name": name, "pause_minutes": pause}
    fields |= {key: value for key, value in changes.items() if value is not None}
    changed = _change(found, checked(fields))
    typer.echo(f"saved {changed.id} {changed.name}")


@app.command()
def remove(search: str = _NAME, owner: str = _OWNER) -> None:
    """Delete a standing search, and cancel what was not delivered yet.

    Example: `rasd alerts remove السد`
    """
    from streams.alerts.store import remove_search

    found = _read().find(search, owner)
    asyncio.run(remove_search(get_settings(), found.id))
    typer.echo(f"removed {found.id} {found.name}")


@app.command()
def pause(search: str = _NAME, owner: str = _OWNER) -> None:
    """Suspend a standing search: what arrives meanwhile causes no alert.

    Example: `rasd alerts pause السد`
    """
    _set_paused(search, owner, paused=True)


@app.command()
def resume(search: str = _NAME, owner: str = _OWNER) -> None:
    """Continue a suspended standing search.

    Example: `rasd alerts resume السد`
    """
    _set_paused(search, owner, paused=False)


@app.command()
def test(search: str = _NAME, owner: str = _OWNER) -> None:
    """Send a test message to each target of a standing search, at once.

    Example: `rasd alerts test السد`
    """
    from streams.alerts.trial import send_test

    found = _read().find(search, owner)
    if not found.targets:
        raise OperatorError(f"{found.name} has no targets", hint="rasd alerts edit --to", status=2)
    results = asyncio.run(send_test(get_settings(), found))
    for target, fault in results.items():
        typer.echo(f"{target}: {fault or 'accepted'}")
    if any(results.values()):
        raise typer.Exit(1)


@app.command()
def deliveries(
    search: str = typer.Argument(None, metavar="[SEARCH]", help="Only of this standing search."),
    owner: str = _OWNER,
    state: str = typer.Option(None, "--state", help="Only in this state: pending, delivered, dead or cancelled."),
    size: int = typer.Option(50, "--size", "-n", help="Maximum number, the newest first."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object per line."),
) -> None:
    """List deliveries of alerts, the newest first.

    Example: `rasd alerts deliveries --state dead`
    """
    from rich.table import Table

    from streams.alerts.store import partition_of, read_outbox

    found = _read().find(search, owner) if search is not None else None
    partitions = [partition_of(found.id)] if found is not None else None
    settings = get_settings()
    outbox = asyncio.run(read_outbox(settings) if partitions is None else read_outbox(settings, partitions))
    chosen = [
        delivery
        for delivery in outbox.deliveries.values()
        if (found is None or delivery.search == found.id)
        and (owner is None or delivery.owner == owner)
        and state in {None, delivery.state}
    ]
    chosen = sorted(chosen, key=lambda delivery: delivery.created_at, reverse=True)[:size]
    if as_json:
        for delivery in chosen:
            print_json(delivery)
        return
    table = Table("id", "created", "state", "attempts", "target", "alert", "fault", box=None, pad_edge=False)
    for delivery in chosen:
        alert = outbox.alerts.get(delivery.alert)
        title = (alert.stories[0].title or "-") if alert is not None and alert.stories else "-"
        created = f"{delivery.created_at:%Y-%m-%d %H:%M:%S}"
        row = (delivery.id, created, delivery.state, str(delivery.attempts), delivery.to, title, delivery.fault or "-")
        table.add_row(*row)
    out(200).print(table)


@app.command()
def replay(
    delivery: list[str] = typer.Argument(None, metavar="[DELIVERY]…", help="Ids of dead deliveries; by default all."),
) -> None:
    """Send dead deliveries again. `rasd deliver` does so within seconds.

    Example: `rasd alerts replay`
    """
    from streams.alerts.trial import request_replay

    sent = asyncio.run(request_replay(get_settings(), delivery or None))
    typer.echo(f"{sent} deliveries are sent again")


def deliver(
    port: int = typer.Option(None, "--port", help="Port for /metrics, /livez and /readyz; 0 for any free port."),
) -> None:
    """Make the alerts of standing searches from what `rasd worker --tap alerts` matches, and deliver them.

    Any number of processes share the searches. An alert that cannot be delivered is tried again for a day
    (RASD_ALERTS_RETRY_HOURS).

    Example: `RASD_ALERTS_SIGNING_KEY_FILE=alerts.key rasd deliver`
    """
    from streams.alerts.secret_store import signing_key
    from streams.alerts.service import run_deliver
    from streams.observability.logs import configure_logging
    from streams.settings import Settings

    given = {} if port is None else {"alerts_port": port}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    configure_logging(settings)
    signing_key(settings)
    asyncio.run(run_deliver(settings))


def _read() -> Any:
    from streams.alerts.store import read_directory

    return asyncio.run(read_directory(get_settings()))


def _change(search: StandingSearch, settings: SearchSettings) -> StandingSearch:
    from streams.alerts.store import save_search

    changed = search.changed(settings, datetime.now(UTC))
    asyncio.run(save_search(get_settings(), changed))
    return changed


def _set_paused(name: str, owner: str | None, *, paused: bool) -> None:
    found = _read().find(name, owner)
    changed = _change(found, found.settings().model_copy(update={"paused": paused}))
    typer.echo(f"{'paused' if paused else 'resumed'} {changed.id} {changed.name}")
