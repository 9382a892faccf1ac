"""Standing searches: what is searched for, when an alert is due, and who gets it."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from streams.records.fields import Timestamp
from streams.search.request import Filters

ID_PATTERN = r"^[a-z0-9]{12}$"
MAX_TARGETS = 20
# Channels that are part of Rasd; any other is a notifier (`rasd plugins`).
WEB, MAIL, APPRISE, NAMED_WEBHOOK = ("http", "https"), "mailto", "apprise", "webhook"
_SECRET_NAME = r"[A-Za-z0-9_-]{1,64}"  # noqa: S105  (a pattern)
_TARGET = re.compile(r"(?P<channel>[a-z][a-z0-9-]{0,62}):(?P<address>\S{1,2000})")


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EachStory(_Condition):
    """An alert for each story."""

    kind: Literal["story"] = "story"


class Frequency(_Condition):
    """An alert when many stories, outlets or articles match within a time."""

    kind: Literal["frequency"] = "frequency"
    count: int = Field(5, ge=2, le=1000, description="Number from which on an alert is due.")
    of: Literal["stories", "outlets", "articles"] = Field("stories", description="What is counted.")
    minutes: float = Field(60.0, gt=0, le=10_080, description="The time, in minutes.")


class Spike(_Condition):
    """An alert when more stories match than the history of the same search lets expect."""

    kind: Literal["spike"] = "spike"
    factor: float = Field(3.0, gt=1, le=100, description="How many times the expected number.")
    least: int = Field(5, ge=2, le=1000, description="Smallest number of stories that counts as a spike.")
    minutes: float = Field(60.0, ge=5, le=1440, description="The time in which stories are counted, in minutes.")
    days: int = Field(14, ge=1, le=60, description="Length of the history, in days; at least one day must be known.")


class Silence(_Condition):
    """An alert when nothing matches for a time; again only after something has matched."""

    kind: Literal["silence"] = "silence"
    hours: float = Field(24.0, gt=0, le=2160, description="The time, in hours.")


class NewName(_Condition):
    """An alert when matching articles name someone or something that none named before."""

    kind: Literal["new-name"] = "new-name"
    types: tuple[Literal["person", "organisation", "place"], ...] = Field(
        ("person", "organisation", "place"), min_length=1, description="What kinds of names."
    )
    stories: int = Field(1, ge=1, le=20, description="Number of stories that have to have the name.")
    learn_hours: float = Field(
        24.0, ge=0, le=720, description="Time from its creation in which the search only learns names, in hours."
    )


class Change(_Condition):
    """An alert when the headline or the text of a matching article changes."""

    kind: Literal["change"] = "change"
    of: Literal["headline", "text", "either"] = Field("either", description="What has to change.")


class SourceQuiet(_Condition):
    """An alert when a watched source of these outlets is silent, blocked, failing or gone."""

    kind: Literal["source-quiet"] = "source-quiet"
    collections: tuple[str, ...] = Field((), description="Only sources of one of these collections; all when empty.")


class Digest(_Condition):
    """One message at set times, with the stories that are new since the last one, of one or several searches."""

    kind: Literal["digest"] = "digest"
    every: Literal["hour", "day", "week"] = Field("day", description="How often.")
    at: str = Field(
        "08:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="Local time, in the time zone of the search; each hour, its minutes.",
    )
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field("sun", description="Day, of each week.")
    searches: tuple[str, ...] = Field(
        (),
        max_length=50,
        description="Ids of other standing searches of the same owner, whose stories are in it as well; those of "
        "paused ones are not.",
    )


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Condition = Annotated[
    EachStory | Frequency | Spike | Silence | NewName | Change | SourceQuiet | Digest, Field(discriminator="kind")
]
KINDS = ("story", "frequency", "spike", "silence", "new-name", "change", "source-quiet", "digest")


class Target(BaseModel):
    """Who gets the alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(
        max_length=2048,
        description="`https://…`: a webhook; `webhook:NAME`: one whose URL is the secret NAME; `mailto:ADDRESS`; "
        "`apprise:NAME`: a service whose Apprise URL is the secret NAME; `NOTIFIER:RECEIVER` for other notifiers.",
    )
    secret: str | None = Field(
        None,
        pattern=f"^{_SECRET_NAME}$",
        description="For a webhook: name of the secret that signs the requests; else they are signed by a key that "
        "follows from RASD_ALERTS_SIGNING_KEY.",
    )

    @field_validator("to")
    @classmethod
    def _readable(cls, value: str) -> str:
        match = _TARGET.fullmatch(value)
        if match is None:
            raise ValueError("is not a target: https://…, mailto:ADDRESS, apprise:NAME or NOTIFIER:RECEIVER")
        channel, address = match["channel"], match["address"]
        if channel in WEB:
            parts = urlsplit(value)
            if not parts.hostname or parts.username is not None:
                raise ValueError("a webhook's URL needs a host, and may not hold a password; use webhook:NAME for that")
        if channel == MAIL and re.fullmatch(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+", address) is None:
            raise ValueError("is not one e-mail address")
        if channel in {APPRISE, NAMED_WEBHOOK} and re.fullmatch(_SECRET_NAME, address) is None:
            raise ValueError(f"{channel}: needs the name of a secret: letters, digits, _ and -")
        return value

    @property
    def channel(self) -> str:
        """The part before the colon: `https`, `mailto`, `apprise` …"""
        return self.to.partition(":")[0]

    @property
    def address(self) -> str:
        """What the channel needs: the URL of a webhook, else the part behind the colon."""
        return self.to if self.channel in WEB else self.to.partition(":")[2]

    @property
    def shown(self) -> str:
        """The target for logs and metrics: of a webhook only the host, as paths may hold tokens."""
        return f"{self.channel}://{urlsplit(self.to).hostname}" if self.channel in WEB else self.to


class SearchSettings(BaseModel):
    """What the owner of a standing search decides."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, description="Name, for people.")
    filters: Filters = Field(description="The search, with the parameters of `GET /search`.")
    when: Condition = Field(default=EachStory(), description="When an alert is due.")
    targets: tuple[Target, ...] = Field((), max_length=MAX_TARGETS, description="Who gets the alerts.")
    pause_minutes: float = Field(
        0.0,
        ge=0,
        le=43_200,
        description="Shortest time between two alerts, in minutes. Stories that match meanwhile are in the next one.",
    )
    max_age_hours: float | None = Field(
        None, gt=0, description="Leave out articles that were published longer before their arrival, in hours."
    )
    paused: bool = Field(False, description="Whether nothing is matched at present.")
    language: Literal["ar", "en"] = Field("ar", description="Language of the messages' own words.")
    zone: str = Field("UTC", max_length=64, description="Time zone of the times in messages, such as Asia/Riyadh.")

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("is not one printable line")
        return value.strip()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo  # noqa: PLC0415  (reads files)

        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value} is no time zone; for example Asia/Riyadh") from error
        return value

    @model_validator(mode="after")
    def _selective(self) -> SearchSettings:
        if self.filters == Filters() and self.when.kind in {"story", "change", "new-name"}:
            raise ValueError("a search for everything would alert on each story: give words or filters")
        if self.filters == Filters() and isinstance(self.when, Digest) and not self.when.searches:
            raise ValueError("a digest needs words, filters, or other standing searches")
        if self.pause_minutes and self.when.kind in {"change", "silence", "source-quiet", "digest"}:
            raise ValueError(f"pause_minutes has no meaning for the kind {self.when.kind}")
        return self


class StandingSearch(SearchSettings):
    """A standing search, as the topic `alerts.searches` holds it."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(pattern=ID_PATTERN, description="Unique; never used again.")
    owner: str = Field("", description="Name of the API key that it belongs to; empty for the operator.")
    created_at: Timestamp = Field(description="Articles that arrived earlier cause no alert.")
    changed_at: Timestamp = Field(description="Time of the last change.")
    revision: int = Field(1, ge=1, description="Number of the change.")
    feed: str | None = Field(None, description="Hash of the token in the address of its feed, if it has one.")

    @property
    def learns(self) -> bool:
        """Whether its condition compares with the past."""
        return self.when.kind in {"spike", "new-name", "change"}

    def settings(self) -> SearchSettings:
        """Return what its owner decides."""
        return SearchSettings.model_validate({name: getattr(self, name) for name in SearchSettings.model_fields})

    def changed(self, settings: SearchSettings, now: datetime) -> StandingSearch:
        """Return the search with other settings."""
        fields = {name: getattr(settings, name) for name in SearchSettings.model_fields}
        return self.model_copy(update=fields | {"changed_at": now, "revision": self.revision + 1})

    def to_json(self) -> bytes:
        """Write the record; filters by the names that queries have."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


def new_search(settings: SearchSettings, owner: str = "", now: datetime | None = None) -> StandingSearch:
    """Make a standing search with an id of its own."""
    moment = now or datetime.now(UTC)
    fields = {name: getattr(settings, name) for name in SearchSettings.model_fields}
    return StandingSearch(**fields, id=secrets.token_hex(6), owner=owner, created_at=moment, changed_at=moment)


def digest(*parts: str) -> str:
    """Return a short hash of strings (80 bits), the same in every process."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
