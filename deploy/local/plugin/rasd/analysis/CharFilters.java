package rasd.analysis;

import java.io.Reader;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.charfilter.HTMLStripCharFilter;
import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.apache.lucene.analysis.pattern.PatternReplaceCharFilter;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.NormalizingCharFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** The character filters. */
final class CharFilters {

    private CharFilters() {}

    static Map<String, AnalysisProvider<CharFilterFactory>> all() {
        return Map.of(
            "html_strip", (index, environment, name, settings) -> htmlStrip(name, settings),
            "mapping", AnalysisPlugin.requiresAnalysisSettings(
                (index, environment, name, settings) -> mapping(name, environment, settings)),
            "pattern_replace", AnalysisPlugin.requiresAnalysisSettings(
                (index, environment, name, settings) -> patternReplace(name, settings)));
    }

    private static CharFilterFactory htmlStrip(String name, Settings settings) {
        Set<String> kept = new HashSet<>(settings.getAsList("escaped_tags"));
        return new CharFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Reader create(Reader in) {
                return kept.isEmpty() ? new HTMLStripCharFilter(in) : new HTMLStripCharFilter(in, kept);
            }
        };
    }

    private static CharFilterFactory mapping(String name, Environment environment, Settings settings) {
        List<String> rules = Analysis.getWordList(environment, settings, "mappings");
        if (rules == null) {
            throw new IllegalArgumentException("mapping requires either `mappings` or `mappings_path` to be configured");
        }
        NormalizeCharMap.Builder table = new NormalizeCharMap.Builder();
        for (String rule : rules) {
            String[] sides = Rules.sides(rule);
            table.add(Rules.unescape(sides[0]), Rules.unescape(sides[1]));
        }
        NormalizeCharMap map = table.build();
        return normalizing(name, in -> new MappingCharFilter(map, in));
    }

    private static CharFilterFactory patternReplace(String name, Settings settings) {
        String expression = settings.get("pattern");
        if (expression == null || expression.isEmpty()) {
            throw new IllegalArgumentException("pattern is missing for [" + name + "] char filter of type 'pattern_replace'");
        }
        Pattern pattern = Regex.compile(expression, settings.get("flags"));
        String replacement = settings.get("replacement", "");
        return normalizing(name, in -> new PatternReplaceCharFilter(pattern, replacement, in));
    }

    /** A filter that normalizers and wildcard queries may use too. */
    private static CharFilterFactory normalizing(String name, UnaryOperator<Reader> filter) {
        return new NormalizingCharFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Reader create(Reader in) {
                return filter.apply(in);
            }
        };
    }
}
