"""The records on the wire, and reading them."""

from streams.records.fields import OptionalText, OptionalTimestamp, Timestamp, Url, iso_time
from streams.records.models import (
    Article,
    Caption,
    Cluster,
    ClusterMove,
    DateMention,
    Entity,
    Fingerprint,
    FingerprintedArticle,
    GeoPoint,
    MainPlace,
    Place,
    PlaceKind,
    RawArticle,
    Record,
    RemovedText,
    Span,
    StageTrace,
)
from streams.records.wire import decode

__all__ = [
    "Article",
    "Caption",
    "Cluster",
    "ClusterMove",
    "DateMention",
    "Entity",
    "Fingerprint",
    "FingerprintedArticle",
    "GeoPoint",
    "MainPlace",
    "OptionalText",
    "OptionalTimestamp",
    "Place",
    "PlaceKind",
    "RawArticle",
    "Record",
    "RemovedText",
    "Span",
    "StageTrace",
    "Timestamp",
    "Url",
    "decode",
    "iso_time",
]
