package rasd.analysis;

import java.io.IOException;
import java.io.StringReader;
import java.text.ParseException;
import java.util.List;
import java.util.function.Function;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymFilter;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.apache.lucene.analysis.synonym.WordnetSynonymParser;
import org.apache.lucene.util.CharsRef;
import org.apache.lucene.util.CharsRefBuilder;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.IndexService.IndexCreationContext;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.CustomAnalyzer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** The filters `synonym` and `synonym_graph`: the rules pass through the tokenizer and filters that stand before them. */
final class Synonyms {

    private Synonyms() {}

    static AnalysisProvider<TokenFilterFactory> provider(boolean graph) {
        return AnalysisPlugin.requiresAnalysisSettings(
            (index, environment, name, settings) -> new Unbound(name, environment, settings, graph));
    }

    /** A synonym filter of which it is not known yet what stands before it. */
    private static final class Unbound extends AbstractTokenFilterFactory {

        private final String name;
        private final Settings settings;
        private final String rules;
        private final boolean graph;

        Unbound(String name, Environment environment, Settings settings, boolean graph) {
            super(name);
            List<String> listed = Analysis.getWordList(environment, settings, "synonyms");
            if (listed == null) {
                throw new IllegalArgumentException("synonym requires either `synonyms` or `synonyms_path` to be configured");
            }
            this.name = name;
            this.settings = settings;
            this.rules = String.join("\n", listed);
            this.graph = graph;
        }

        @Override
        public TokenStream create(TokenStream in) {
            throw new IllegalStateException("Call getChainAwareTokenFilterFactory to specialize this factory for an analysis chain first");
        }

        @Override
        public TokenFilterFactory getChainAwareTokenFilterFactory(
            IndexCreationContext context,
            TokenizerFactory tokenizer,
            List<CharFilterFactory> charFilters,
            List<TokenFilterFactory> before,
            Function<String, TokenFilterFactory> all) {
            TokenFilterFactory[] filters = before.stream().map(TokenFilterFactory::getSynonymFilter).toArray(TokenFilterFactory[]::new);
            try (Analyzer analyzer = new CustomAnalyzer(tokenizer, charFilters.toArray(CharFilterFactory[]::new), filters)) {
                SynonymMap map = parse(analyzer);
                return new Bound(name, map, graph);
            }
        }

        private SynonymMap parse(Analyzer analyzer) {
            boolean expand = settings.getAsBoolean("expand", true);
            boolean lenient = settings.getAsBoolean("lenient", false);
            SynonymMap.Parser parser = "wordnet".equalsIgnoreCase(settings.get("format", ""))
                ? new LenientWordnet(expand, lenient, analyzer)
                : new LenientSolr(expand, lenient, analyzer);
            try {
                parser.parse(new StringReader(rules));
                return parser.build();
            } catch (IOException | ParseException error) {
                throw new IllegalArgumentException("failed to build synonyms of [" + name + "]", error);
            }
        }
    }

    /** A synonym filter in its chain. */
    private static final class Bound extends AbstractTokenFilterFactory {

        private final SynonymMap map;
        private final boolean graph;

        Bound(String name, SynonymMap map, boolean graph) {
            super(name);
            this.map = map;
            this.graph = graph;
        }

        @Override
        @SuppressWarnings("deprecation") // the flat filter is what the name `synonym` means
        public TokenStream create(TokenStream in) {
            if (map.fst == null) {
                return in;
            }
            return graph ? new SynonymGraphFilter(in, map, false) : new SynonymFilter(in, map, false);
        }

        /** Rules of a second synonym filter do not pass through the first. */
        @Override
        public TokenFilterFactory getSynonymFilter() {
            return IDENTITY_FILTER;
        }

        @Override
        public boolean breaksFastVectorHighlighter() {
            return graph;
        }
    }

    private static final class LenientSolr extends SolrSynonymParser {

        private final boolean lenient;

        LenientSolr(boolean expand, boolean lenient, Analyzer analyzer) {
            super(true, expand, analyzer);
            this.lenient = lenient;
        }

        @Override
        public CharsRef analyze(String text, CharsRefBuilder reuse) throws IOException {
            try {
                return super.analyze(text, reuse);
            } catch (IllegalArgumentException error) {
                return emptyOr(error, lenient);
            }
        }

        @Override
        public void add(CharsRef input, CharsRef output, boolean includeOriginal) {
            if (input.length > 0 && output.length > 0) {
                super.add(input, output, includeOriginal);
            }
        }
    }

    private static final class LenientWordnet extends WordnetSynonymParser {

        private final boolean lenient;

        LenientWordnet(boolean expand, boolean lenient, Analyzer analyzer) {
            super(true, expand, analyzer);
            this.lenient = lenient;
        }

        @Override
        public CharsRef analyze(String text, CharsRefBuilder reuse) throws IOException {
            try {
                return super.analyze(text, reuse);
            } catch (IllegalArgumentException error) {
                return emptyOr(error, lenient);
            }
        }

        @Override
        public void add(CharsRef input, CharsRef output, boolean includeOriginal) {
            if (input.length > 0 && output.length > 0) {
                super.add(input, output, includeOriginal);
            }
        }
    }

    /** An unusable term: of no length when that is allowed, else an error. */
    private static CharsRef emptyOr(IllegalArgumentException error, boolean lenient) {
        if (!lenient) {
            throw error;
        }
        return new CharsRef();
    }
}
