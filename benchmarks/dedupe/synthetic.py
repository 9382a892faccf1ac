"""Measure precision and recall on synthetic copies: edits, hard negatives, templates; with fixed seeds.

    python -m benchmarks.dedupe.synthetic CORPUS

Base documents are four real paragraphs each (ARCD; AQMAR and ANERcorp's training part in runs of sentences), no
paragraph in two. Each has eight copies by editors' habits. Hard negatives share one paragraph of four with a base
document; templated stories share all words but numbers and days. Everything goes through one clusterer in shuffled
order.

Recall counts the pairs of a base document and its copy, precision all joined pairs. `pairs` are two documents alone
that share a band and compare as copies; in `clusters` the clusterer put them into one cluster.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

from agents.dedupe.cluster_index import bands
from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from agents.dedupe.stock_phrases import run_hashes, word_runs
from benchmarks.dedupe.real import meets
from streams.records import Article, Fingerprint, FingerprintedArticle

SEED = 20260301
BASES = 200
COPIES = 8
HARD = 230
TEMPLATED = 120
_SENTENCE_RE = re.compile(r"(?<=[.!؟])\s+")
_BOILERPLATE = "جميع الحقوق محفوظة. للمزيد من الأخبار تابعونا على صفحات التواصل الاجتماعي."
_SPELLING = str.maketrans({"أ": "ا", "إ": "ا", "ى": "ي", "ة": "ه"})


@dataclass(frozen=True, slots=True)
class Document:
    """A synthetic document.

    Attributes:
        name: unique.
        family: equal for copies of one text; unique for every document that is a copy of none.
        kind: `base`, the edit, `hard` or `template`.
        body: its text.
    """

    name: str
    family: str
    kind: str
    body: str


def paragraphs(corpus: Path) -> list[str]:
    """Return real paragraphs of 50 to 80 words, longer ones cut, without repetitions."""
    arcd = json.loads((corpus / "arcd" / "arcd.json").read_text(encoding="utf-8"))
    found = sorted({p["context"].strip() for entry in arcd["data"] for p in entry["paragraphs"]})
    for file in (corpus / "anercorp" / "ANERCorp_CamelLab_train.txt", *sorted((corpus / "aqmar").glob("*.txt"))):
        found.extend(_runs_of_sentences(file.read_text(encoding="utf-8")))
    printed = set[int]()
    kept = list[str]()
    for paragraph in found:
        runs = set(run_hashes(word_runs(paragraph.split(), 4)))
        if len(paragraph.split()) >= 50 and len(runs & printed) < 0.1 * len(runs):
            kept.append(" ".join(paragraph.split()[:80]))
            printed |= runs
    return kept


def _runs_of_sentences(tagged: str) -> Iterator[str]:
    """Return the text of a tagged corpus (one token a line), with a new paragraph at every second full stop."""
    words, stops = list[str](), 0
    for line in tagged.split("\n"):
        word = line.split(" ")[0]
        words.append(word)
        stops += word == "."
        if stops == 2:
            yield " ".join(filter(None, words))
            words, stops = [], 0


def substituted(share: float) -> Callable[[str, random.Random, list[str]], str]:
    """Return an edit that replaces a share of the words by words of other paragraphs."""

    def edit(body: str, rng: random.Random, words: list[str]) -> str:
        return " ".join(rng.choice(words) if rng.random() < share else word for word in body.split(" "))

    return edit


def _drop(body: str, rng: random.Random, _: list[str]) -> str:
    sentences = _SENTENCE_RE.split(body)
    del sentences[rng.randrange(len(sentences))]
    return " ".join(sentences) or body


def _insert(body: str, rng: random.Random, words: list[str]) -> str:
    sentences = _SENTENCE_RE.split(body)
    sentences.insert(rng.randrange(len(sentences) + 1), " ".join(rng.sample(words, 18)) + ".")
    return " ".join(sentences)


def _cut(body: str, _: random.Random, __: list[str]) -> str:
    words = body.split(" ")
    return " ".join(words[: round(0.6 * len(words))])


def _spelling(body: str, _: random.Random, __: list[str]) -> str:
    return body.translate(_SPELLING).replace("،", " ").replace(" ", "\u00a0 ", 5)


def _boilerplate(body: str, _: random.Random, __: list[str]) -> str:
    return f"خاص – المحرر\n{body}\n{_BOILERPLATE}"


EDITS: dict[str, Callable[[str, random.Random, list[str]], str]] = {
    "sentence dropped": _drop,
    "sentence inserted": _insert,
    "words 5 %": substituted(0.05),
    "words 10 %": substituted(0.10),
    "words 20 %": substituted(0.20),
    "words 30 %": substituted(0.30),
    "cut to 60 %": _cut,
    "spelling": _spelling,
    "boilerplate": _boilerplate,
}


def made(corpus: Path) -> Iterator[Document]:
    """Make all documents."""
    rng = random.Random(SEED)
    pool = paragraphs(corpus)
    rng.shuffle(pool)
    words = sorted({word for paragraph in pool for word in paragraph.split(" ") if word.isalpha()})
    assert len(pool) >= 4 * BASES + 3 * HARD, "the corpus is too small"
    bases, spare = [pool[4 * at : 4 * at + 4] for at in range(BASES)], pool[4 * BASES :]
    for number, parts in enumerate(bases):
        body = "\n".join(parts)
        yield Document(f"base{number}", f"f{number}", "base", body)
        for kind in rng.sample(sorted(EDITS), COPIES):
            yield Document(f"{kind} {number}", f"f{number}", kind, EDITS[kind](body, rng, words))
    for number in range(HARD):
        others = spare[3 * number : 3 * number + 3]
        others.insert(rng.randrange(4), rng.choice(rng.choice(bases)))
        yield Document(f"hard{number}", f"hard{number}", "hard", "\n".join(others))
    for number in range(TEMPLATED):
        yield Document(f"template{number}", f"template{number}", "template", templated(rng, number))


def templated(rng: random.Random, number: int) -> str:
    """Make one of three stories that papers print every day: gold, the stock exchange, the weather."""
    day = rng.choice(["السبت", "الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة"])
    n = [f"{rng.randrange(1000, 9999) / 100:.2f}" for _ in range(9)]
    gold = (
        f"سجلت أسعار الذهب في السوق المحلية يوم {day} {n[0]} دينارا للغرام من عيار 21، وبلغ سعر غرام عيار 24 نحو "
        f"{n[1]} دينارا، فيما بيع غرام عيار 18 بسعر {n[2]} دينارا. وقال نقيب الصاغة إن الطلب على الحلي متوسط، وإن "
        f"الأونصة بلغت في المعاملات العالمية {n[3]} دولارا بعد أن كانت عند {n[4]} دولارا في الجلسة السابقة. وأضاف أن "
        "حركة البيع والشراء تتأثر بموسم الأعراس وعودة المغتربين، ودعا المواطنين إلى الشراء من محال مرخصة."
    )
    shares = (
        f"أغلقت البورصة تعاملات {day} عند مستوى {n[0]} نقطة، بتغير نسبته {n[1]} في المئة، وبلغت قيمة التداول {n[2]} "
        f"مليونا توزعت على {n[3]} صفقة. وارتفعت أسهم {n[4]} شركة وتراجعت أسهم {n[5]}، وتصدر قطاع المصارف النشاط بحصة "
        f"{n[6]} في المئة من القيمة. وعزا محللون أداء السوق إلى ترقب نتائج الشركات الفصلية، مشيرين إلى أن المتعاملين "
        "يفضلون الانتظار."
    )
    weather = (
        f"تكون الأجواء يوم {day} معتدلة في المرتفعات وحارة نسبيا في بقية المناطق، وتتراوح العظمى بين {n[0]} و{n[1]} "
        f"درجة، والصغرى بين {n[2]} و{n[3]} درجة. وتنشط الرياح الشمالية الغربية بسرعة {n[4]} كيلومترا في الساعة، ويكون "
        f"البحر متوسط الموج بارتفاع {n[5]} سنتيمترا. وحذرت الأرصاد من تدني الرؤية على الطرق الصحراوية بسبب الغبار."
    )
    return (gold, shares, weather)[number % 3]


def prints(documents: list[Document]) -> dict[str, Fingerprint]:
    """Return the fingerprint of each document by its name."""
    config = FingerprintConfig()
    return {d.name: fingerprint(_article(d, 0), config) for d in documents}


def _article(document: Document, at: int) -> Article:
    return Article(
        id=document.name,
        url=f"https://example.org/{document.name.replace(' ', '-')}",
        source="made",
        language="ar",
        body=document.body,
        ingested_at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=at),
    )


def joined_pairs(documents: list[Document], known: dict[str, Fingerprint]) -> Iterator[tuple[Document, Document]]:
    """Yield all pairs that share a band and compare as copies, each pair alone."""
    config = ClustererConfig()
    filed: dict[tuple[int, int], list[Document]] = defaultdict(list)
    for document in documents:
        met: dict[str, Document] = {}
        for band in enumerate(bands(known[document.name], config.rows).tolist()):
            met.update((other.name, other) for other in filed[band])
            filed[band].append(document)
        for other in met.values():
            if meets(known[document.name], known[other.name], config):
                yield document, other


def clusters(documents: list[Document], known: dict[str, Fingerprint]) -> dict[str, str]:
    """Return the cluster of each document after all went through one clusterer in shuffled order."""
    order = list(documents)
    random.Random(SEED).shuffle(order)
    clusterer, found = Clusterer({}, ClustererConfig()), dict[str, str]()
    for at, document in enumerate(order):
        article = _article(document, at)
        flying = FingerprintedArticle(**dict(article), fingerprint=known[document.name])
        found[document.name] = clusterer.assign(flying, article.ingested_at.timestamp()).id
    return found


def report(name: str, documents: list[Document], joined: list[tuple[Document, Document]]) -> None:
    """Print precision over all joined pairs and recall over the pairs of a base document and its copy."""
    wrong = Counter(" + ".join(sorted((a.kind, b.kind))) for a, b in joined if a.family != b.family)
    found = {frozenset((a.name, b.name)) for a, b in joined}
    base = {document.family: document for document in documents if document.kind == "base"}
    copies = [document for document in documents if document.kind in EDITS]
    missed = Counter(d.kind for d in copies if frozenset((d.name, base[d.family].name)) not in found)
    precision, recall = 1 - wrong.total() / len(joined), 1 - missed.total() / len(copies)
    print(f"{name}: P {precision:.4f} R {recall:.4f} ({len(documents)} documents, {len(copies)} copies)")
    print(f"  joined wrongly {dict(wrong)}; missed {dict(missed)}")


def main() -> None:
    """Make the set, run it with and without templates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder that holds arcd/, anercorp/ and aqmar/")
    documents = list(made(parser.parse_args().corpus))
    known = prints(documents)
    for name, some in (
        ("without templates", [document for document in documents if document.kind != "template"]),
        ("with templates", documents),
    ):
        report(f"{name}, pairs", some, list(joined_pairs(some, known)))
        cluster = clusters(some, known)
        members: dict[str, list[Document]] = defaultdict(list)
        for document in some:
            members[cluster[document.name]].append(document)
        joined = [pair for together in members.values() for pair in combinations(together, 2)]
        report(f"{name}, clusters", some, joined)


if __name__ == "__main__":
    main()
