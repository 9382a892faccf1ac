package rasd.analysis;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.bn.BengaliAnalyzer;
import org.apache.lucene.analysis.br.BrazilianAnalyzer;
import org.apache.lucene.analysis.ca.CatalanAnalyzer;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.ckb.SoraniAnalyzer;
import org.apache.lucene.analysis.core.KeywordAnalyzer;
import org.apache.lucene.analysis.core.SimpleAnalyzer;
import org.apache.lucene.analysis.core.StopAnalyzer;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.eu.BasqueAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.gl.GalicianAnalyzer;
import org.apache.lucene.analysis.hi.HindiAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.hy.ArmenianAnalyzer;
import org.apache.lucene.analysis.id.IndonesianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.FingerprintFilter;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sr.SerbianAnalyzer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.apache.lucene.analysis.th.ThaiAnalyzer;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.indices.analysis.PreBuiltCacheFactory.CachingStrategy;

/** The analyzers: those of Lucene for languages, and the general ones. `standard` is the server's own. */
final class Analyzers {

    /** Makes an analyzer of its parameters. */
    private interface Maker {
        Analyzer make(Environment environment, Settings settings);
    }

    private static final Map<String, Maker> MAKERS = new LinkedHashMap<>();

    static {
        language("arabic", ArabicAnalyzer::getDefaultStopSet, ArabicAnalyzer::new);
        language("armenian", ArmenianAnalyzer::getDefaultStopSet, ArmenianAnalyzer::new);
        language("basque", BasqueAnalyzer::getDefaultStopSet, BasqueAnalyzer::new);
        language("bengali", BengaliAnalyzer::getDefaultStopSet, BengaliAnalyzer::new);
        language("brazilian", BrazilianAnalyzer::getDefaultStopSet, BrazilianAnalyzer::new);
        language("bulgarian", BulgarianAnalyzer::getDefaultStopSet, BulgarianAnalyzer::new);
        language("catalan", CatalanAnalyzer::getDefaultStopSet, CatalanAnalyzer::new);
        language("czech", CzechAnalyzer::getDefaultStopSet, CzechAnalyzer::new);
        language("danish", DanishAnalyzer::getDefaultStopSet, DanishAnalyzer::new);
        language("dutch", DutchAnalyzer::getDefaultStopSet, DutchAnalyzer::new);
        language("english", EnglishAnalyzer::getDefaultStopSet, EnglishAnalyzer::new);
        language("estonian", EstonianAnalyzer::getDefaultStopSet, EstonianAnalyzer::new);
        language("finnish", FinnishAnalyzer::getDefaultStopSet, FinnishAnalyzer::new);
        language("french", FrenchAnalyzer::getDefaultStopSet, FrenchAnalyzer::new);
        language("galician", GalicianAnalyzer::getDefaultStopSet, GalicianAnalyzer::new);
        language("german", GermanAnalyzer::getDefaultStopSet, GermanAnalyzer::new);
        language("hindi", HindiAnalyzer::getDefaultStopSet, HindiAnalyzer::new);
        language("hungarian", HungarianAnalyzer::getDefaultStopSet, HungarianAnalyzer::new);
        language("indonesian", IndonesianAnalyzer::getDefaultStopSet, IndonesianAnalyzer::new);
        language("irish", IrishAnalyzer::getDefaultStopSet, IrishAnalyzer::new);
        language("italian", ItalianAnalyzer::getDefaultStopSet, ItalianAnalyzer::new);
        language("latvian", LatvianAnalyzer::getDefaultStopSet, LatvianAnalyzer::new);
        language("lithuanian", LithuanianAnalyzer::getDefaultStopSet, LithuanianAnalyzer::new);
        language("norwegian", NorwegianAnalyzer::getDefaultStopSet, NorwegianAnalyzer::new);
        language("persian", PersianAnalyzer::getDefaultStopSet, PersianAnalyzer::new);
        language("portuguese", PortugueseAnalyzer::getDefaultStopSet, PortugueseAnalyzer::new);
        language("romanian", RomanianAnalyzer::getDefaultStopSet, RomanianAnalyzer::new);
        language("russian", RussianAnalyzer::getDefaultStopSet, RussianAnalyzer::new);
        language("serbian", SerbianAnalyzer::getDefaultStopSet, SerbianAnalyzer::new);
        language("sorani", SoraniAnalyzer::getDefaultStopSet, SoraniAnalyzer::new);
        language("spanish", SpanishAnalyzer::getDefaultStopSet, SpanishAnalyzer::new);
        language("swedish", SwedishAnalyzer::getDefaultStopSet, SwedishAnalyzer::new);
        language("turkish", TurkishAnalyzer::getDefaultStopSet, TurkishAnalyzer::new);
        stopping("cjk", CJKAnalyzer::getDefaultStopSet, CJKAnalyzer::new);
        stopping("greek", GreekAnalyzer::getDefaultStopSet, GreekAnalyzer::new);
        stopping("thai", ThaiAnalyzer::getDefaultStopSet, ThaiAnalyzer::new);
        stopping("stop", EnglishAnalyzer::getDefaultStopSet, StopAnalyzer::new);
        MAKERS.put("keyword", (environment, settings) -> new KeywordAnalyzer());
        MAKERS.put("simple", (environment, settings) -> new SimpleAnalyzer());
        MAKERS.put("whitespace", (environment, settings) -> new WhitespaceAnalyzer());
        MAKERS.put("pattern", Analyzers::pattern);
        MAKERS.put("fingerprint", Analyzers::fingerprint);
    }

    private Analyzers() {}

    /** For definitions in an index's settings: `"type": "arabic", "stopwords": …`. */
    static Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> configurable() {
        Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> all = new LinkedHashMap<>();
        MAKERS.forEach((type, maker) -> all.put(type, (index, environment, name, settings) ->
            new Provider(name, maker.make(environment, settings))));
        return all;
    }

    /** For fields and requests that name an analyzer without defining it. */
    static List<PreBuiltAnalyzerProviderFactory> ready() {
        return MAKERS.entrySet().stream()
            .map(entry -> new PreBuiltAnalyzerProviderFactory(
                entry.getKey(), CachingStrategy.ONE, () -> entry.getValue().make(null, Settings.EMPTY)))
            .toList();
    }

    private static void language(
        String name, Supplier<CharArraySet> stopWords, BiFunction<CharArraySet, CharArraySet, Analyzer> maker) {
        MAKERS.put(name, (environment, settings) -> maker.apply(
            Analysis.parseStopWords(environment, settings, stopWords.get()),
            Analysis.parseStemExclusion(settings, CharArraySet.EMPTY_SET)));
    }

    private static void stopping(
        String name, Supplier<CharArraySet> stopWords, Function<CharArraySet, Analyzer> maker) {
        MAKERS.put(name, (environment, settings) ->
            maker.apply(Analysis.parseStopWords(environment, settings, stopWords.get())));
    }

    private static Analyzer pattern(Environment environment, Settings settings) {
        CharArraySet stopWords = Analysis.parseStopWords(environment, settings, CharArraySet.EMPTY_SET);
        Pattern pattern = Regex.compile(settings.get("pattern", "\\W+"), settings.get("flags"));
        boolean lower = settings.getAsBoolean("lowercase", true);
        return chain(() -> new PatternTokenizer(pattern, -1), in -> {
            TokenStream out = lower ? new LowerCaseFilter(in) : in;
            return stopWords.isEmpty() ? out : new StopFilter(out, stopWords);
        });
    }

    private static Analyzer fingerprint(Environment environment, Settings settings) {
        CharArraySet stopWords = Analysis.parseStopWords(environment, settings, CharArraySet.EMPTY_SET);
        char separator = TokenFilters.separator(settings);
        int longest = TokenFilters.longestFingerprint(settings);
        return chain(StandardTokenizer::new, in -> {
            TokenStream folded = new ASCIIFoldingFilter(new LowerCaseFilter(in), false);
            return new FingerprintFilter(new StopFilter(folded, stopWords), longest, separator);
        });
    }

    private static Analyzer chain(Supplier<Tokenizer> first, Function<TokenStream, TokenStream> filters) {
        return new Analyzer() {
            @Override
            protected TokenStreamComponents createComponents(String field) {
                Tokenizer tokenizer = first.get();
                return new TokenStreamComponents(tokenizer, filters.apply(tokenizer));
            }
        };
    }

    private static final class Provider extends AbstractIndexAnalyzerProvider<Analyzer> {

        private final Analyzer analyzer;

        Provider(String name, Analyzer analyzer) {
            super(name);
            this.analyzer = analyzer;
        }

        @Override
        public Analyzer get() {
            return analyzer;
        }
    }
}
