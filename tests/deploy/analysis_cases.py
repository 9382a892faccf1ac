"""What the analysis plugin is compared on: definitions for Elasticsearch beside the same for Lucene, and texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Elasticsearch's analyzer, and the class of Lucene's.
ANALYZERS = {
    "arabic": "org.apache.lucene.analysis.ar.ArabicAnalyzer",
    "armenian": "org.apache.lucene.analysis.hy.ArmenianAnalyzer",
    "basque": "org.apache.lucene.analysis.eu.BasqueAnalyzer",
    "bengali": "org.apache.lucene.analysis.bn.BengaliAnalyzer",
    "brazilian": "org.apache.lucene.analysis.br.BrazilianAnalyzer",
    "bulgarian": "org.apache.lucene.analysis.bg.BulgarianAnalyzer",
    "catalan": "org.apache.lucene.analysis.ca.CatalanAnalyzer",
    "cjk": "org.apache.lucene.analysis.cjk.CJKAnalyzer",
    "czech": "org.apache.lucene.analysis.cz.CzechAnalyzer",
    "danish": "org.apache.lucene.analysis.da.DanishAnalyzer",
    "dutch": "org.apache.lucene.analysis.nl.DutchAnalyzer",
    "english": "org.apache.lucene.analysis.en.EnglishAnalyzer",
    "estonian": "org.apache.lucene.analysis.et.EstonianAnalyzer",
    "finnish": "org.apache.lucene.analysis.fi.FinnishAnalyzer",
    "french": "org.apache.lucene.analysis.fr.FrenchAnalyzer",
    "galician": "org.apache.lucene.analysis.gl.GalicianAnalyzer",
    "german": "org.apache.lucene.analysis.de.GermanAnalyzer",
    "greek": "org.apache.lucene.analysis.el.GreekAnalyzer",
    "hindi": "org.apache.lucene.analysis.hi.HindiAnalyzer",
    "hungarian": "org.apache.lucene.analysis.hu.HungarianAnalyzer",
    "indonesian": "org.apache.lucene.analysis.id.IndonesianAnalyzer",
    "irish": "org.apache.lucene.analysis.ga.IrishAnalyzer",
    "italian": "org.apache.lucene.analysis.it.ItalianAnalyzer",
    "latvian": "org.apache.lucene.analysis.lv.LatvianAnalyzer",
    "lithuanian": "org.apache.lucene.analysis.lt.LithuanianAnalyzer",
    "norwegian": "org.apache.lucene.analysis.no.NorwegianAnalyzer",
    "persian": "org.apache.lucene.analysis.fa.PersianAnalyzer",
    "portuguese": "org.apache.lucene.analysis.pt.PortugueseAnalyzer",
    "romanian": "org.apache.lucene.analysis.ro.RomanianAnalyzer",
    "russian": "org.apache.lucene.analysis.ru.RussianAnalyzer",
    "serbian": "org.apache.lucene.analysis.sr.SerbianAnalyzer",
    "simple": "org.apache.lucene.analysis.core.SimpleAnalyzer",
    "sorani": "org.apache.lucene.analysis.ckb.SoraniAnalyzer",
    "spanish": "org.apache.lucene.analysis.es.SpanishAnalyzer",
    "swedish": "org.apache.lucene.analysis.sv.SwedishAnalyzer",
    "thai": "org.apache.lucene.analysis.th.ThaiAnalyzer",
    "turkish": "org.apache.lucene.analysis.tr.TurkishAnalyzer",
    "whitespace": "org.apache.lucene.analysis.core.WhitespaceAnalyzer",
}

TEXTS = [
    "أعلنت وزارة الصحّة في القاهرة، مساء الثلاثاء ١٢ مايو، تسجيل ٣٥٠ حالةً جديدةً.",
    "وبالرغم من الأمطار الغزيرة، استقبلت المدارسُ طلّابَها في مدينتَي طنطا والمنصورة.",
    "قـــال المتحدث باسم الشركة إنّ الإيرادات ارتفعت 15% خلال الربع الثالث من عام 2031.",
    "لاعبو المنتخب يستعدون لمباراتهم المقبلة؛ والمدرّب: «سنلعب للفوز لا للتعادل».",
    "افتُتح معرض الكتاب بمشاركة ناشرين من ۲۸ کشور و گروه‌های ایرانی.",
    "<p>The Ministers&rsquo; L'assemblée s'est réunie à Genève: Straßen, Häuser, İstanbul'da, ΑΘΗΝΑ</p>",
    "Wi-Fi PowerShot500 running runners ran; cats cats dogs' مدرسة مدارس المدارس",
    "Правительство объявило о новых мерах; los gobiernos anunciaron medidas; ministrarna möttes",
    "",
]


@dataclass(frozen=True)
class Chain:
    """One chain in both notations.

    Attributes:
        name: what is compared.
        lucene: the steps for `LuceneTokens`.
        filters: token filters, by name alone or defined.
        char_filters: character filters, likewise.
        tokenizer: the tokenizer, likewise.
    """

    name: str
    lucene: str
    filters: list[str | dict[str, Any]] = field(default_factory=list)
    char_filters: list[str | dict[str, Any]] = field(default_factory=list)
    tokenizer: str | dict[str, Any] = "standard"


def _filter(name: str, lucene: str, /, **parameters: Any) -> Chain:
    defined: str | dict[str, Any] = {"type": name, **parameters} if parameters else name
    return Chain(name, f"tokenizer;standard | filter;{lucene}", [defined])


# What Lucene's factories read from files, in their own notation.
FILES = {
    "mapping.txt": '"ـ" => ""\n"ک" => "ك"\n"ی" => "ي"\n"لله" => "الله"\n"\\u0651" => ""\n',
    "words.txt": "المدارس\nالقاهرة\nrunning\n",
    "stems.txt": "مدارس\tمدرسة\nالمدارس\tمدرسة\nran\trun\n",
    "synonyms.txt": "القاهرة, مصر\nالصحة, الصحّة => الصحه\ncats, felines\n",
    "articles.txt": "l\ns\n",
}

CHAINS = [
    Chain(
        "mapping",
        "char;mapping;mapping;mapping.txt | tokenizer;standard",
        char_filters=[
            {"type": "mapping", "mappings": ["ـ=>", "ک => ك", " ی=>ي", "لله => الله", "\\u0651 =>"]},
        ],
    ),
    Chain("html_strip", "char;htmlStrip | tokenizer;standard", char_filters=["html_strip"]),
    Chain(
        "html_strip with escaped tags",
        "char;htmlStrip;escapedTags;p | tokenizer;whitespace",
        char_filters=[{"type": "html_strip", "escaped_tags": ["p"]}],
        tokenizer="whitespace",
    ),
    Chain(
        "pattern_replace of characters",
        "char;patternReplace;pattern;[\u064b-\u0652];replacement; | tokenizer;standard",
        char_filters=[{"type": "pattern_replace", "pattern": "[\u064b-\u0652]", "replacement": ""}],
    ),
    _filter("arabic_normalization", "arabicNormalization"),
    _filter("arabic_stem", "arabicStem"),
    _filter("persian_normalization", "persianNormalization"),
    _filter("persian_stem", "persianStem"),
    _filter("sorani_normalization", "soraniNormalization"),
    _filter("decimal_digit", "decimalDigit"),
    _filter("lowercase", "lowercase"),
    _filter("lowercase", "turkishLowercase", language="turkish"),
    _filter("lowercase", "greekLowercase", language="greek"),
    _filter("uppercase", "uppercase"),
    _filter("asciifolding", "asciiFolding"),
    _filter("asciifolding", "asciiFolding;preserveOriginal;true", preserve_original=True),
    _filter("german_normalization", "germanNormalization"),
    _filter("scandinavian_folding", "scandinavianFolding"),
    _filter("apostrophe", "apostrophe"),
    _filter("kstem", "kStem"),
    _filter("porter_stem", "porterStem"),
    _filter("snowball", "snowballPorter;language;English"),
    _filter("snowball", "snowballPorter;language;Arabic", language="Arabic"),
    _filter("stemmer", "porterStem"),
    _filter("stemmer", "arabicStem", language="arabic"),
    _filter("stemmer", "frenchLightStem", language="light_french"),
    _filter("stemmer", "russianLightStem", language="light_russian"),
    _filter("stemmer", "snowballPorter;language;Turkish", language="turkish"),
    _filter("stemmer", "englishPossessive", name="possessive_english"),
    _filter("reverse", "reverseString"),
    _filter("trim", "trim"),
    _filter("truncate", "truncate;prefixLength;4", length=4),
    _filter("length", "length;min;3;max;6", min=3, max=6),
    _filter("limit", "limitTokenCount;maxTokenCount;1"),
    _filter(
        "limit", "limitTokenCount;maxTokenCount;4;consumeAllTokens;true", max_token_count=4, consume_all_tokens=True
    ),
    _filter("edge_ngram", "edgeNGram;minGramSize;1;maxGramSize;1"),
    _filter(
        "edge_ngram",
        "edgeNGram;minGramSize;2;maxGramSize;4;preserveOriginal;true",
        min_gram=2,
        max_gram=4,
        preserve_original=True,
    ),
    _filter("ngram", "nGram;minGramSize;2;maxGramSize;3", min_gram=2, max_gram=3),
    _filter("fingerprint", "fingerprint"),
    _filter("remove_duplicates", "removeDuplicates"),
    _filter("elision", "elision;articles;articles.txt", articles=["l", "s"]),
    _filter("word_delimiter", "wordDelimiter"),
    _filter("word_delimiter_graph", "wordDelimiterGraph"),
    _filter(
        "word_delimiter_graph",
        "wordDelimiterGraph;catenateAll;1;preserveOriginal;1;splitOnCaseChange;0;generateNumberParts;0",
        catenate_all=True,
        preserve_original=True,
        split_on_case_change=False,
        generate_number_parts=False,
    ),
    _filter(
        "pattern_replace",
        "patternReplace;pattern;^(و|ف)?(ب|ك)?ال;replacement;ال;replace;first",
        pattern="^(و|ف)?(ب|ك)?ال",
        replacement="ال",
        all=False,
    ),
    _filter("keep", "keepWord;words;words.txt", keep_words=["المدارس", "القاهرة", "running"]),
    _filter("synonym", "synonym;synonyms;synonyms.txt", synonyms=FILES["synonyms.txt"].splitlines()),
    _filter("synonym_graph", "synonymGraph;synonyms;synonyms.txt", synonyms=FILES["synonyms.txt"].splitlines()),
    _filter(
        "synonym",
        "synonym;synonyms;synonyms.txt;expand;false",
        synonyms=FILES["synonyms.txt"].splitlines(),
        expand=False,
    ),
    Chain(
        "keyword_marker",
        "tokenizer;standard | filter;keywordMarker;protected;words.txt | filter;arabicStem | filter;porterStem",
        [{"type": "keyword_marker", "keywords": ["المدارس", "القاهرة", "running"]}, "arabic_stem", "porter_stem"],
    ),
    Chain(
        "keyword_marker by a pattern",
        "tokenizer;standard | filter;keywordMarker;pattern;ال.*س | filter;arabicStem",
        [{"type": "keyword_marker", "keywords_pattern": "ال.*س"}, "arabic_stem"],
    ),
    Chain(
        "stemmer_override",
        "tokenizer;standard | filter;stemmerOverride;dictionary;stems.txt | filter;arabicStem",
        [{"type": "stemmer_override", "rules": ["مدارس, المدارس => مدرسة", "ran=>run"]}, "arabic_stem"],
    ),
    Chain(
        "stop words of the server, then our filters",
        "tokenizer;standard | filter;lowercase | filter;decimalDigit | filter;stop;words;stop.txt"
        " | filter;arabicNormalization | filter;arabicStem",
        [
            "lowercase",
            "decimal_digit",
            {"type": "stop", "stopwords": ["في", "من", "the"]},
            "arabic_normalization",
            "arabic_stem",
        ],
    ),
    Chain("keyword", "tokenizer;keyword", tokenizer="keyword"),
    Chain("letter", "tokenizer;letter", tokenizer="letter"),
    Chain("whitespace", "tokenizer;whitespace", tokenizer="whitespace"),
    Chain("uax_url_email", "tokenizer;uax29URLEmail", tokenizer="uax_url_email"),
    Chain("pattern", "tokenizer;pattern;pattern;\\W+", tokenizer="pattern"),
    Chain(
        "pattern with a group",
        "tokenizer;pattern;pattern;(\\p{L}+);group;1",
        tokenizer={"type": "pattern", "pattern": "(\\p{L}+)", "group": 1},
    ),
]
FILES["stop.txt"] = "في\nمن\nthe\n"
