"""Compute article ids: the same article gets the same id, in any order and on any worker."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from agents.text.keys import hostname, match_key
from streams.records import Article, RawArticle

_TRACKING_RE = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|twclid|yclid|igshid|mc_[ce]id|_ga|_gl|ref_src|ref_url|cmpid|ocid|s_cid|xtor|spref",
    re.IGNORECASE,
)
_INDEX_RE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_SAFE_PATH_RE = re.compile(r"[A-Za-z0-9/:@!$&'()*+,;=~._-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """Reduce the addresses of one page to one spelling.

    The host is lower-cased; user, default port, fragment, tracking parameters, `index.html` and the trailing slash are
    dropped; parameters are sorted; https becomes http. Addresses of other schemes, or without a host, only lose their
    fragment.
    """
    host = hostname(url)
    if not host or url.partition(":")[0].lower() not in _DEFAULT_PORTS:
        return url.partition("#")[0]
    parts = urlsplit(url)
    scheme, port = parts.scheme.lower(), _port(parts.netloc)
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    path = parts.path
    if _SAFE_PATH_RE.fullmatch(path) is None:
        path = quote(unquote(path, errors="replace"), safe="/:@!$&'()*+,;=~-._")
    path = _INDEX_RE.sub("/", path).rstrip("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None)
    query = urlencode(sorted(pair for pair in pairs if not _TRACKING_RE.fullmatch(pair[0])))
    return f"http://{host}{path}" + (f"?{query}" if query else "")


def _port(netloc: str) -> int | None:
    match = re.search(r":([0-9]{1,5})$", netloc)
    return int(match.group(1)) if match else None


def article_id(raw: RawArticle, title: str | None, body: str = "", *, alone: bool) -> str:
    """Return the id of the article with this title on a page.

    Args:
        raw: the page. Its own `id` is used if it has one.
        title: the article's headline, or None.
        body: its first 200 code points replace a missing headline.
        alone: whether the page holds no other article.

    Returns:
        `raw.id`; or `raw.id`, a dash and 8 hex digits for one of several articles; or 32 hex digits, also where one of
        the others would exceed `Article.MAX_ID_BYTES`.
    """
    name = match_key(title or body[:200])
    if raw.id is not None:
        own = raw.id if alone else f"{raw.id}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return own if len(own.encode()) <= Article.MAX_ID_BYTES else _digest(own)
    return _digest(f"{canonical_url(raw.url)}\n{name}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
