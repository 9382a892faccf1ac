"""`rasd demo`: starts all servers, processes the sample articles, watches invented outlets and shows the results.

It observes the system from outside: it counts records in Kafka's topics, searches over the HTTP API, and reads the dead
letters' topic. It succeeds only if a search finds every sample and every story of the outlets.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from deploy.demo.outlets import WATCH_ENVIRONMENT, Outlets, open_outlets
from deploy.demo.receiver import Receiver, open_receiver
from deploy.demo.samples import Sample, Samples, load_samples
from deploy.demo.servers import Servers, choose
from streams.alerts.secret_store import webhook_secret
from streams.alerts.standing_search import SearchSettings, StandingSearch, new_search
from streams.alerts.store import remove_search, save_search
from streams.errors import OperatorError, RasdError
from streams.kafka.dead_letters import DeadLetter, read_all
from streams.kafka.topic_offsets import topic_states
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.sources.files import read_paths
from streams.sources.ingest import IngestReport, ingest
from streams.sources.watch.store import save_sources

FOUND_SECONDS = 180.0
THROUGH_SECONDS = 180.0
SHOWN_QUERIES = 3
# What one of the outlets' stories is about.
ALERT_QUERY = "المسرح المدرسي"
# Made for each run: nobody else has to know it.
SIGNING_KEY = SecretStr(secrets.token_urlsafe(32))
ALERT_ENVIRONMENT = {
    "RASD_ALERTS_ALLOW": "127.0.0.1/32",
    "RASD_ALERTS_SIGNING_KEY": SIGNING_KEY.get_secret_value(),
}
Json = dict[str, Any]


def run(settings: Settings, console: Console, *, leave: bool) -> int:
    """Run the demo and return its exit status.

    Args:
        settings: ports and folders.
        console: where to print.
        leave: whether to stop after showing the results, instead of serving until Ctrl-C.

    Raises:
        OperatorError: a server did not start, or a sample was not found.
    """
    samples = load_samples()
    servers = choose(settings, console)
    try:
        servers.start()
        _show_samples(settings, console, servers, samples)
        with open_outlets(settings) as outlets, open_receiver() as receiver:
            standing = _standing_search(receiver)
            try:
                _show_outlets(settings, console, servers, outlets, standing)
                _show_alert(settings, console, servers, receiver, standing)
                _print_addresses(settings, console, servers)
                if not leave:
                    console.print("\n[bold]Serving until Ctrl-C.[/]")
                    _serve(servers)
            finally:
                # Their addresses mean nothing afterwards.
                with suppress(RasdError):
                    names = [source.name for source in outlets.sources()]
                    asyncio.run(save_sources(settings, [], removed=names))
                    asyncio.run(remove_search(settings, standing.id))
    except KeyboardInterrupt:
        console.print("\nstopping")
    finally:
        servers.stop()
    return 0


def serve_outlets(settings: Settings, console: Console) -> None:
    """Serve the invented outlets alone, until Ctrl-C.

    Raises:
        OperatorError: the port is in use.
    """
    with open_outlets(settings) as outlets:
        outlets.begin()
        for source in outlets.sources():
            console.print(f"  {source.outlet:8} {source.kind.value:8} {source.url}", soft_wrap=True, highlight=False)
        console.print("[bold]Serving until Ctrl-C.[/]")
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


def _show_samples(settings: Settings, console: Console, servers: Servers, samples: Samples) -> None:
    before = _ends(settings)
    known = [sample for sample in samples.articles if _is_found(settings, sample)]
    started = datetime.now(UTC)
    clock = time.monotonic()
    console.print(f"The samples arrive live on the desk: http://127.0.0.1:{settings.api_port}/", highlight=False)
    report = _send(settings, samples)
    console.print(f"{report.sent} raw records sent, {report.refused} unreadable ones to the dead letters")
    missing = _wait_until_found(settings, console, servers, samples)
    seconds = time.monotonic() - clock
    # Samples indexed by an earlier run are found before the new copies are processed.
    after = _wait_until_through(settings, console, servers)
    letters = asyncio.run(_letters(settings, started))
    _print_stages(console, before, after, letters)
    console.print(
        f"{len(samples.articles) - len(missing)} of {len(samples.articles)} sample articles found by a search, "
        + (f"{len(known)} of them from an earlier run" if known else f"{seconds:.1f} s after the first was sent")
    )
    _print_letters(console, letters)
    for query in samples.queries[:SHOWN_QUERIES]:
        _print_search(settings, console, query)
    _print_places(settings, console)
    if missing:
        raise OperatorError(
            f"{len(missing)} sample articles were not found: " + "; ".join(sample.title for sample in missing)
        )
    unlike = sorted(letter.reason for letter in letters) != sorted(samples.dead_letters)
    if unlike:
        raise OperatorError(f"unexpected dead letters: expected {sorted(samples.dead_letters)}, see the table above")


def _standing_search(receiver: Receiver) -> StandingSearch:
    wanted = {"name": ALERT_QUERY, "filters": {"q": ALERT_QUERY}, "targets": [{"to": receiver.url}]}
    return new_search(SearchSettings.model_validate(wanted))


def _show_alert(
    settings: Settings, console: Console, servers: Servers, receiver: Receiver, standing: StandingSearch
) -> None:
    """Wait for the alert of the standing search, and show the request.

    Raises:
        OperatorError: it did not come.
    """
    secret = webhook_secret(
        settings.model_copy(update={"alerts_signing_key": SIGNING_KEY}), standing, standing.targets[0]
    )
    deadline = time.monotonic() + FOUND_SECONDS
    with console.status("waiting for the alert"):
        while not receiver.requests and time.monotonic() < deadline:
            servers.check()
            time.sleep(0.2)
    came = receiver.alert(secret or "")
    if came is None:
        raise OperatorError("the standing search sent no alert", hint="see the logs of rasd deliver")
    headers, message = came
    story = message["data"]["stories"][0]
    console.print(f"\n[bold]An alert[/]   standing search {ALERT_QUERY}", highlight=False)
    console.print(f"  POST {receiver.url}", highlight=False)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        console.print(f"  {name}: {headers[name]}", soft_wrap=True, highlight=False)
    shown = {"type": message["type"], "title": story["title"], "outlets": story["outlets"], "url": story["url"]}
    console.print(f"  {json.dumps(shown, ensure_ascii=False)}", soft_wrap=True, highlight=False, markup=False)
    console.print("  its signature is right", highlight=False)


def _show_outlets(
    settings: Settings, console: Console, servers: Servers, outlets: Outlets, standing: StandingSearch
) -> None:
    """Watch the outlets, and show each of their stories when a search finds it.

    Raises:
        OperatorError: a story was not found.
    """
    sources = outlets.sources()
    asyncio.run(save_sources(settings, sources))
    asyncio.run(save_search(settings, standing))
    servers.alert(ALERT_ENVIRONMENT)
    servers.watch(WATCH_ENVIRONMENT)
    outlets.begin()
    console.print("\n[bold]Watched by rasd watch[/]   three invented outlets, which publish by themselves")
    for source in sources:
        console.print(f"  {source.outlet:8} {source.kind.value:8} {source.url}", soft_wrap=True, highlight=False)
    shown: set[str] = set()
    deadline = time.monotonic() + FOUND_SECONDS
    with console.status("waiting for their stories"):
        while len(shown) < outlets.total and time.monotonic() < deadline:
            servers.check()
            for story in list(outlets.published):
                sample = Sample(story.title, story.url, "")
                if story.url not in shown and _is_found(settings, sample):
                    shown.add(story.url)
                    waited = time.time() - story.at
                    console.print(
                        f"  [bold]{story.title}[/]   {story.outlet}, found {waited:.1f} s after its publication",
                        soft_wrap=True,
                    )
            time.sleep(0.2)
    if len(shown) < outlets.total:
        raise OperatorError(f"{outlets.total - len(shown)} stories of the watched outlets were not found")


def _send(settings: Settings, samples: Samples) -> IngestReport:
    return asyncio.run(
        ingest(read_paths(samples.inputs), settings, on_item=lambda _: None, on_fault=lambda _, __: None)
    )


def _ends(settings: Settings) -> dict[str, int]:
    """Return the number of records ever written to each topic."""
    return {topic: state.end for topic, state in asyncio.run(topic_states(settings, load_pipeline().topics)).items()}


async def _letters(settings: Settings, since: datetime) -> list[DeadLetter]:
    return [letter async for letter in read_all(settings) if letter.timestamp >= since]


def _wait_until_found(settings: Settings, console: Console, servers: Servers, samples: Samples) -> list[Sample]:
    missing = samples.articles
    deadline = time.monotonic() + FOUND_SECONDS
    with console.status("following the articles through the pipeline") as status:
        while missing and time.monotonic() < deadline:
            servers.check()
            missing = [sample for sample in missing if not _is_found(settings, sample)]
            status.update(f"{len(samples.articles) - len(missing)} of {len(samples.articles)} articles are searchable")
            if missing:
                time.sleep(0.3)
    return missing


def _wait_until_through(settings: Settings, console: Console, servers: Servers) -> dict[str, int]:
    """Wait until all stages have processed their input; return the number of records ever written to each topic.

    Raises:
        OperatorError: they have not within `THROUGH_SECONDS`.
    """
    deadline = time.monotonic() + THROUGH_SECONDS
    ends: dict[str, int] = {}
    waiting: dict[str, int] = {}
    with console.status("waiting until all stages are done"):
        while time.monotonic() < deadline:
            servers.check()
            states = asyncio.run(topic_states(settings, load_pipeline().topics))
            # Require the same answer twice, as a record may pass from one topic to the next between two requests.
            last, ends = ends, {topic: state.end for topic, state in states.items()}
            waiting = {topic: state.waiting for topic, state in states.items() if state.waiting}
            if not waiting and ends == last:
                return ends
            time.sleep(0.3)
    number = sum(waiting.values())
    raise OperatorError(
        f"after {THROUGH_SECONDS:.0f} s {number} records are unprocessed, or more keep arriving: {waiting}"
    )


def _is_found(settings: Settings, sample: Sample) -> bool:
    page = _api(settings, "/search", q=f'"{sample.title.replace(chr(34), " ")}"', size="50", fold="false")
    return any(sample.matches(hit["article"]["title"], hit["article"]["url"]) for hit in page["hits"])


def _api(settings: Settings, path: str, **parameters: str) -> Json:
    url = f"http://127.0.0.1:{settings.api_port}{path}?{urlencode(parameters)}"
    try:
        with urlopen(url, timeout=30) as response:
            answer: Json = json.load(response)
    except HTTPError as error:
        raise OperatorError(
            f"the API answers {error.code} to {path}: {error.read(300).decode(errors='replace')}"
        ) from error
    except URLError as error:
        raise OperatorError(f"the API does not answer: {error.reason}") from error
    return answer


def _print_stages(console: Console, before: dict[str, int], after: dict[str, int], letters: list[DeadLetter]) -> None:
    table = Table("stage", "reads", "in", "out", "dead letters", title="Through the stages", title_justify="left")
    links = load_pipeline().links
    beside = {topic for link in links for topic in link.side_outputs.values()}
    for link in links:
        if link.reads in beside:
            continue  # cluster moves depend on the order in which copies arrive, so their number differs between runs
        dead = sum(letter.stage == link.stage for letter in letters)
        taken = after[link.reads] - before[link.reads]
        given = after[link.writes] - before[link.writes] if link.writes else taken - dead
        table.add_row(link.stage, link.reads, str(taken), str(given), str(dead))
    console.print(table)


def _print_letters(console: Console, letters: list[DeadLetter]) -> None:
    table = Table("reason", "what", "origin", title="Dead letters, as expected", title_justify="left")
    for letter in letters:
        where = letter.origin.location or f"{letter.origin.topic} {letter.origin.partition}:{letter.origin.offset}"
        table.add_row(letter.reason, letter.message, where.rpartition("/")[2])
    console.print(table)


def _print_search(settings: Settings, console: Console, query: Json) -> None:
    page = _api(settings, "/search", q=query["query"], size="3", copies="5")
    console.print(f"\n[bold]rasd search[/] {query['query']}   [dim]{page['total']} hits[/]")
    for hit in page["hits"]:
        article = hit["article"]
        console.print(f"  [bold]{article['title']}[/]", highlight=False)
        copies = f", with {len(hit['copies'])} more copies" if hit.get("copies") else ""
        places = "، ".join(place["name"] for place in article["places"][:6])
        console.print(f"    {article['source']}{copies}" + (f" — {places}" if places else ""), highlight=False)


def _print_places(settings: Settings, console: Console) -> None:
    facets = _api(settings, "/facets", size="12")["facets"]
    for title, name in (("Places named", "places"), ("Where stories are set", "main_places")):
        counts = "، ".join(f"{count['value']} {count['articles']}" for count in facets[name])
        console.print(f"\n[bold]{title}[/]   {counts}", highlight=False)


def _print_addresses(settings: Settings, console: Console, servers: Servers) -> None:
    api = f"http://127.0.0.1:{settings.api_port}"
    console.print()
    for what, where in [
        ("the desk", f"{api}/"),
        ("query API", f"{api}/docs"),
        ("a search", f"{api}/search?{urlencode({'q': 'القدس'})}"),
        ("live feed", f"curl -N {api}/live"),
        *servers.addresses(),
    ]:
        console.print(f"  {what:15} {where}", soft_wrap=True, highlight=False)
    console.print("  your sources    .venv/bin/rasd sources add URL, then .venv/bin/rasd watch", highlight=False)
    console.print("  your articles   .venv/bin/rasd ingest FILE…, then .venv/bin/rasd search WORDS", highlight=False)


def _serve(servers: Servers) -> None:
    while True:
        servers.check()
        time.sleep(2)
