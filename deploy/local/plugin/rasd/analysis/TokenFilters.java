package rasd.analysis;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicNormalizationFilter;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.bn.BengaliNormalizationFilter;
import org.apache.lucene.analysis.br.BrazilianStemFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.ckb.SoraniNormalizationFilter;
import org.apache.lucene.analysis.classic.ClassicFilter;
import org.apache.lucene.analysis.core.DecimalDigitFilter;
import org.apache.lucene.analysis.core.FlattenGraphFilter;
import org.apache.lucene.analysis.core.TypeTokenFilter;
import org.apache.lucene.analysis.core.UpperCaseFilter;
import org.apache.lucene.analysis.cz.CzechStemFilter;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.de.GermanStemFilter;
import org.apache.lucene.analysis.el.GreekLowerCaseFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.fa.PersianNormalizationFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.ga.IrishLowerCaseFilter;
import org.apache.lucene.analysis.hi.HindiNormalizationFilter;
import org.apache.lucene.analysis.in.IndicNormalizationFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.FingerprintFilter;
import org.apache.lucene.analysis.miscellaneous.KeepWordFilter;
import org.apache.lucene.analysis.miscellaneous.KeywordRepeatFilter;
import org.apache.lucene.analysis.miscellaneous.LengthFilter;
import org.apache.lucene.analysis.miscellaneous.LimitTokenCountFilter;
import org.apache.lucene.analysis.miscellaneous.PatternKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.ScandinavianFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.ScandinavianNormalizationFilter;
import org.apache.lucene.analysis.miscellaneous.SetKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.StemmerOverrideFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.ngram.NGramTokenFilter;
import org.apache.lucene.analysis.no.NorwegianNormalizationFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.pattern.PatternReplaceFilter;
import org.apache.lucene.analysis.reverse.ReverseStringFilter;
import org.apache.lucene.analysis.sr.SerbianNormalizationFilter;
import org.apache.lucene.analysis.tr.ApostropheFilter;
import org.apache.lucene.analysis.tr.TurkishLowerCaseFilter;
import org.apache.lucene.analysis.util.ElisionFilter;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.IndexSettings;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** The token filters; `stop`, `shingle` and `hunspell` are the server's own. */
final class TokenFilters {

    /** Makes the filter of its parameters. */
    private interface Maker {
        UnaryOperator<TokenStream> make(IndexSettings index, Environment environment, Settings settings) throws IOException;
    }

    private static final Map<String, AnalysisProvider<TokenFilterFactory>> ALL = new LinkedHashMap<>();

    static {
        normalizations();
        stemmers();
        words();
        lengths();
        patterns();
        plain("flatten_graph", FlattenGraphFilter::new);
        ALL.put("word_delimiter", WordDelimiters.provider(false));
        ALL.put("word_delimiter_graph", WordDelimiters.provider(true));
        ALL.put("synonym", Synonyms.provider(false));
        ALL.put("synonym_graph", Synonyms.provider(true));
    }

    private TokenFilters() {}

    static Map<String, AnalysisProvider<TokenFilterFactory>> all() {
        return ALL;
    }

    private static void normalizations() {
        normalizing("arabic_normalization", ArabicNormalizationFilter::new);
        normalizing("bengali_normalization", BengaliNormalizationFilter::new);
        normalizing("cjk_width", CJKWidthFilter::new);
        normalizing("decimal_digit", DecimalDigitFilter::new);
        normalizing("german_normalization", GermanNormalizationFilter::new);
        normalizing("hindi_normalization", HindiNormalizationFilter::new);
        normalizing("indic_normalization", IndicNormalizationFilter::new);
        normalizing("norwegian_normalization", NorwegianNormalizationFilter::new);
        normalizing("persian_normalization", PersianNormalizationFilter::new);
        normalizing("scandinavian_folding", ScandinavianFoldingFilter::new);
        normalizing("scandinavian_normalization", ScandinavianNormalizationFilter::new);
        normalizing("serbian_normalization", SerbianNormalizationFilter::new);
        normalizing("sorani_normalization", SoraniNormalizationFilter::new);
        normalizing("trim", TrimFilter::new);
        normalizing("uppercase", UpperCaseFilter::new);
        ALL.put("lowercase", (index, environment, name, settings) -> new Normalizing(name, lowerCase(settings)));
        ALL.put("asciifolding", (index, environment, name, settings) -> {
            boolean both = settings.getAsBoolean("preserve_original", false);
            // A normalizer may give one token only, so there the original is never kept beside it.
            return new Normalizing(name, in -> new ASCIIFoldingFilter(in, both), ASCIIFoldingFilter::new);
        });
        ALL.put("elision", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
            CharArraySet articles = Analysis.parseArticles(environment, settings);
            if (articles == null) {
                throw new IllegalArgumentException("elision filter requires [articles] or [articles_path] setting");
            }
            return new Normalizing(name, in -> new ElisionFilter(in, articles));
        }));
    }

    private static void stemmers() {
        plain("arabic_stem", ArabicStemFilter::new);
        plain("czech_stem", CzechStemFilter::new);
        plain("kstem", KStemFilter::new);
        plain("persian_stem", PersianStemFilter::new);
        plain("porter_stem", PorterStemFilter::new);
        excluding("brazilian_stem", BrazilianStemFilter::new);
        excluding("dutch_stem", Stemmers.snowball("Dutch"));
        excluding("french_stem", Stemmers.snowball("French"));
        excluding("german_stem", GermanStemFilter::new);
        plain("russian_stem", Stemmers.snowball("Russian"));
        with("snowball", (index, environment, settings) ->
            Stemmers.snowball(settings.get("language", settings.get("name", "English"))));
        with("stemmer", (index, environment, settings) ->
            Stemmers.named(settings.get("language", settings.get("name", "porter"))));
        needing("stemmer_override", (index, environment, settings) -> {
            StemmerOverrideFilter.StemmerOverrideMap table = overrides(environment, settings);
            return in -> new StemmerOverrideFilter(in, table);
        });
        needing("keyword_marker", (index, environment, settings) -> keywordMarker(environment, settings));
        plain("keyword_repeat", KeywordRepeatFilter::new);
    }

    private static void words() {
        plain("apostrophe", ApostropheFilter::new);
        plain("classic", ClassicFilter::new);
        plain("remove_duplicates", RemoveDuplicatesTokenFilter::new);
        plain("reverse", ReverseStringFilter::new);
        with("unique", (index, environment, settings) -> {
            boolean samePosition = settings.getAsBoolean("only_on_same_position", false);
            return in -> new UniqueTokenFilter(in, samePosition);
        });
        with("fingerprint", (index, environment, settings) -> {
            char separator = separator(settings);
            int longest = longestFingerprint(settings);
            return in -> new FingerprintFilter(in, longest, separator);
        });
        needing("keep", (index, environment, settings) -> {
            CharArraySet kept = Analysis.getWordSet(environment, settings, "keep_words");
            if (kept == null) {
                throw new IllegalArgumentException("keep requires either `keep_words` or `keep_words_path` to be configured");
            }
            return in -> new KeepWordFilter(in, kept);
        });
        needing("keep_types", (index, environment, settings) -> {
            Set<String> types = new LinkedHashSet<>(settings.getAsList("types"));
            boolean kept = !"exclude".equals(settings.get("mode", "include"));
            if (types.isEmpty()) {
                throw new IllegalArgumentException("keep_types requires `types` to be configured");
            }
            return in -> new TypeTokenFilter(in, types, kept);
        });
    }

    private static void lengths() {
        with("length", (index, environment, settings) -> {
            int least = settings.getAsInt("min", 0);
            int most = settings.getAsInt("max", Integer.MAX_VALUE);
            return in -> new LengthFilter(in, least, most);
        });
        with("limit", (index, environment, settings) -> {
            int most = settings.getAsInt("max_token_count", 1);
            boolean all = settings.getAsBoolean("consume_all_tokens", false);
            return in -> new LimitTokenCountFilter(in, most, all);
        });
        with("truncate", (index, environment, settings) -> {
            int most = settings.getAsInt("length", 10);
            return in -> new TruncateTokenFilter(in, most);
        });
        with("ngram", (index, environment, settings) -> {
            int least = settings.getAsInt("min_gram", 1);
            int most = settings.getAsInt("max_gram", 2);
            boolean whole = settings.getAsBoolean("preserve_original", false);
            if (most - least > index.getMaxNgramDiff()) {
                throw new IllegalArgumentException("The difference between max_gram and min_gram in NGram Tokenizer must be"
                    + " less than or equal to: [" + index.getMaxNgramDiff() + "] but was [" + (most - least)
                    + "]. This limit can be set by changing the [index.max_ngram_diff] index level setting.");
            }
            return in -> new NGramTokenFilter(in, least, most, whole);
        });
        with("edge_ngram", (index, environment, settings) -> {
            int least = settings.getAsInt("min_gram", 1);
            int most = settings.getAsInt("max_gram", 2);
            boolean whole = settings.getAsBoolean("preserve_original", false);
            UnaryOperator<TokenStream> front = in -> new EdgeNGramTokenFilter(in, least, most, whole);
            return switch (settings.get("side", "front")) {
                case "front" -> front;
                case "back" -> in -> new ReverseStringFilter(front.apply(new ReverseStringFilter(in)));
                default -> throw new IllegalArgumentException("invalid side: " + settings.get("side"));
            };
        });
    }

    private static void patterns() {
        ALL.put("pattern_replace", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
            String expression = settings.get("pattern");
            if (expression == null) {
                throw new IllegalArgumentException(
                    "pattern is missing for [" + name + "] token filter of type 'pattern_replace'");
            }
            Pattern pattern = Regex.compile(expression, settings.get("flags"));
            String replacement = settings.get("replacement", "");
            boolean all = settings.getAsBoolean("all", true);
            return new Normalizing(name, in -> new PatternReplaceFilter(in, pattern, replacement, all));
        }));
        needing("pattern_capture", (index, environment, settings) -> {
            Pattern[] patterns = settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
            boolean whole = settings.getAsBoolean("preserve_original", true);
            if (patterns.length == 0) {
                throw new IllegalArgumentException("required setting 'patterns' is missing for token filter");
            }
            return in -> new PatternCaptureGroupTokenFilter(in, whole, patterns);
        });
    }

    private static UnaryOperator<TokenStream> lowerCase(Settings settings) {
        String language = settings.get("language");
        if (language == null) {
            return LowerCaseFilter::new;
        }
        return switch (language) {
            case "greek" -> GreekLowerCaseFilter::new;
            case "irish" -> IrishLowerCaseFilter::new;
            case "turkish" -> TurkishLowerCaseFilter::new;
            default -> throw new IllegalArgumentException("language [" + language + "] not support for lower case");
        };
    }

    private static StemmerOverrideFilter.StemmerOverrideMap overrides(Environment environment, Settings settings)
        throws IOException {
        List<String> rules = Analysis.getWordList(environment, settings, "rules");
        if (rules == null) {
            throw new IllegalArgumentException("stemmer override filter requires either `rules` or `rules_path` to be configured");
        }
        Map<String, String> table = new TreeMap<>();
        for (String rule : rules) {
            String[] sides = Rules.sides(rule);
            for (String word : sides[0].split(",")) {
                // As in Lucene's builder, the first rule for a word stands.
                table.putIfAbsent(word.trim(), sides[1]);
            }
        }
        StemmerOverrideFilter.Builder builder = new StemmerOverrideFilter.Builder(false);
        table.forEach(builder::add);
        return builder.build();
    }

    private static UnaryOperator<TokenStream> keywordMarker(Environment environment, Settings settings) {
        boolean ignoreCase = settings.getAsBoolean("ignore_case", false);
        String expression = settings.get("keywords_pattern");
        CharArraySet listed = Analysis.getWordSet(environment, settings, "keywords");
        if ((expression == null) == (listed == null)) {
            throw new IllegalArgumentException(
                "keyword filter requires either `keywords`, `keywords_path`, or `keywords_pattern` to be configured, and only one");
        }
        if (expression != null) {
            Pattern pattern = Pattern.compile(expression);
            return in -> new PatternKeywordMarkerFilter(in, pattern);
        }
        CharArraySet words = new CharArraySet(listed, ignoreCase);
        return in -> new SetKeywordMarkerFilter(in, words);
    }

    static char separator(Settings settings) {
        String separator = settings.get("separator", String.valueOf(FingerprintFilter.DEFAULT_SEPARATOR));
        if (separator.length() != 1) {
            throw new IllegalArgumentException("Setting [separator] must be a single, non-null character. [" + separator + "] was provided.");
        }
        return separator.charAt(0);
    }

    static int longestFingerprint(Settings settings) {
        return settings.getAsInt("max_output_size", 255);
    }

    private static void plain(String type, UnaryOperator<TokenStream> filter) {
        with(type, (index, environment, settings) -> filter);
    }

    private static void normalizing(String type, UnaryOperator<TokenStream> filter) {
        ALL.put(type, (index, environment, name, settings) -> new Normalizing(name, filter));
    }

    private static void with(String type, Maker maker) {
        ALL.put(type, (index, environment, name, settings) -> new Plain(name, maker.make(index, environment, settings)));
    }

    /** For filters that mean nothing without parameters. */
    private static void needing(String type, Maker maker) {
        ALL.put(type, AnalysisPlugin.requiresAnalysisSettings(
            (index, environment, name, settings) -> new Plain(name, maker.make(index, environment, settings))));
    }

    /** For stemmers with the parameter `stem_exclusion`. */
    private static void excluding(String type, UnaryOperator<TokenStream> stemmer) {
        with(type, (index, environment, settings) -> {
            CharArraySet kept = Analysis.parseStemExclusion(settings, CharArraySet.EMPTY_SET);
            return in -> stemmer.apply(new SetKeywordMarkerFilter(in, kept));
        });
    }

    private static final class Plain extends AbstractTokenFilterFactory {

        private final UnaryOperator<TokenStream> filter;

        Plain(String name, UnaryOperator<TokenStream> filter) {
            super(name);
            this.filter = filter;
        }

        @Override
        public TokenStream create(TokenStream in) {
            return filter.apply(in);
        }
    }

    /** A filter that normalizers and wildcard queries may use too. */
    private static final class Normalizing extends AbstractTokenFilterFactory implements NormalizingTokenFilterFactory {

        private final UnaryOperator<TokenStream> filter;
        private final UnaryOperator<TokenStream> normalizer;

        Normalizing(String name, UnaryOperator<TokenStream> filter) {
            this(name, filter, filter);
        }

        Normalizing(String name, UnaryOperator<TokenStream> filter, UnaryOperator<TokenStream> normalizer) {
            super(name);
            this.filter = filter;
            this.normalizer = normalizer;
        }

        @Override
        public TokenStream create(TokenStream in) {
            return filter.apply(in);
        }

        @Override
        public TokenStream normalize(TokenStream in) {
            return normalizer.apply(in);
        }
    }
}
