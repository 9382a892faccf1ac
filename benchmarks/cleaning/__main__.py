"""Measure every figure of docs/experiments/cleaning.md: `python -m benchmarks.cleaning CORPUS`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.cleaning import corpus, kept, kinds, languages, pages, pasted, peers, seed, speed
from benchmarks.cleaning import credits as credit_lines


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cleaning",
        description="Measure the cleaning stage.",
        epilog="Example: python -m benchmarks.cleaning ../shared/corpus --only seed pasted",
    )
    parser.add_argument("corpus", type=Path, help="folder that holds seed/ and saudinewsnet/")
    parser.add_argument("--only", nargs="+", choices=list(_PARTS), default=list(_PARTS), help="what to measure")
    parser.add_argument("--days", type=int, default=None, help="use only the first days of saudinewsnet")
    parser.add_argument("--pages", type=int, default=300, help="pasted pages of each layout")
    parser.add_argument("--sample", type=int, default=0, help="bylines to print for judging by hand")
    parser.add_argument("--seed", type=int, default=7, help="seed of the samples")
    parser.add_argument("--verbose", action="store_true", help="print what other libraries get wrong on the pages")
    arguments = parser.parse_args()
    for part in arguments.only:
        print(f"\n## {part}")
        _PARTS[part](arguments)


def _seed(arguments: argparse.Namespace) -> None:
    page, gold = corpus.seed(arguments.corpus)
    for name, variant in seed.variants(page):
        print(f"{name}: {', '.join(seed.differences(variant, gold)) or 'exact'}")


def _kept(arguments: argparse.Namespace) -> None:
    found = kept.measure(corpus.saudinewsnet(arguments.corpus, arguments.days))
    print(f"pages with an article: {found.pages}; rejected: {dict(found.rejected)}")
    print(f"body keeps 99% of its letters: {1 - len(found.poorer) / found.pages:.4%}; not: {len(found.poorer)}")
    for url, share in found.poorer:
        print(f"  {share:.1%} left the body: {url}")
    print(f"wrongly split: {len(found.split)} ({len(found.split) / found.pages:.4%}) {found.split}")
    print(f"letters neither in the body nor in a recorded removal: {len(found.unrecorded)} pages")
    print(f"removals by rule: {dict(found.removals.most_common())}")


def _pasted(arguments: argparse.Namespace) -> None:
    found = pasted.measure(list(corpus.saudinewsnet(arguments.corpus, arguments.days)), arguments.pages, arguments.seed)
    for layout, number in found.pages.items():
        print(f"{layout}: {found.exact[layout]}/{number} exact ({found.exact[layout] / number:.1%})")
    print(f"all: {found.exact.total()}/{found.pages.total()} ({found.exact.total() / found.pages.total():.2%})")


def _credits(arguments: argparse.Namespace) -> None:
    articles = list(corpus.saudinewsnet(arguments.corpus, arguments.days))
    for outlet, found in sorted(credit_lines.measure(articles).items()):
        bylines, datelines = found.bylines / found.pages, found.datelines / found.pages
        print(f"{outlet}: {found.pages} pages, bylines {bylines:.0%}, datelines {datelines:.0%}")
    print(*credit_lines.sample(articles, arguments.sample, arguments.seed), sep="\n")


def _dates(_arguments: argparse.Namespace) -> None:
    missed = kinds.missed()
    print(f"{len(kinds.KINDS) - len(missed)} of {len(kinds.KINDS)} kinds; missed: {missed}")


def _languages(arguments: argparse.Namespace) -> None:
    for language, wrong in languages.sentences().items():
        print(f"{language}: {len(wrong)} wrong {wrong}")
    found = languages.titles(raw.title for raw in corpus.saudinewsnet(arguments.corpus, arguments.days) if raw.title)
    print(f"headlines of an Arabic corpus taken for Arabic: {found['ar'] / found.total():.3%}")
    print(dict(found.most_common()))


def _speed(arguments: argparse.Namespace) -> None:
    for name, figure in speed.measure(list(corpus.saudinewsnet(arguments.corpus, 1))[:2000]).items():
        print(f"{name}: {figure:.1f}")


def _pages(arguments: argparse.Namespace) -> None:
    told = list(pages.load())
    print(f"{len(told)} pages, {sum(len(each.articles) for each in told)} articles")
    for library, extract in (("rasd", pages.rasd), *peers.available()):
        score = pages.measure(extract, told)
        start = time.process_time()
        for told_page in told:
            extract(told_page.html, told_page.url)
        rate = len(told) / (time.process_time() - start)
        fields = ", ".join(f"{name} {score.share(name):.2f}" for name in (*pages.FIELDS, "day"))
        print(f"{library}: {score.exact} exact, body F1 {score.body:.3f}, {fields}; {rate:.0f} pages/s")
        for where, what, found in score.wrong if library == "rasd" or arguments.verbose else ():
            print(f"  {where}: {what}: {found}")


_PARTS = {
    "pages": _pages,
    "seed": _seed,
    "kept": _kept,
    "pasted": _pasted,
    "credits": _credits,
    "dates": _dates,
    "languages": _languages,
    "speed": _speed,
}

if __name__ == "__main__":
    main()
