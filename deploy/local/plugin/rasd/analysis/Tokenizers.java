package rasd.analysis;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.classic.ClassicTokenizer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.LetterTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.path.PathHierarchyTokenizer;
import org.apache.lucene.analysis.path.ReversePathHierarchyTokenizer;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.apache.lucene.analysis.pattern.SimplePatternSplitTokenizer;
import org.apache.lucene.analysis.pattern.SimplePatternTokenizer;
import org.apache.lucene.analysis.th.ThaiTokenizer;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** The tokenizers; `standard` is the server's own. */
final class Tokenizers {

    private static final int MAX_TOKEN_LENGTH = 255;

    private Tokenizers() {}

    static Map<String, AnalysisProvider<TokenizerFactory>> all() {
        Map<String, AnalysisProvider<TokenizerFactory>> all = new LinkedHashMap<>();
        add(all, "keyword", settings -> {
            int size = settings.getAsInt("buffer_size", KeywordTokenizer.DEFAULT_BUFFER_SIZE);
            return () -> new KeywordTokenizer(size);
        });
        add(all, "letter", settings -> LetterTokenizer::new);
        add(all, "whitespace", settings -> {
            int length = settings.getAsInt("max_token_length", MAX_TOKEN_LENGTH);
            return () -> new WhitespaceTokenizer(TokenStream.DEFAULT_TOKEN_ATTRIBUTE_FACTORY, length);
        });
        add(all, "pattern", Tokenizers::pattern);
        add(all, "simple_pattern", settings -> {
            String expression = settings.get("pattern", "");
            return () -> new SimplePatternTokenizer(expression);
        });
        add(all, "simple_pattern_split", settings -> {
            String expression = settings.get("pattern", "");
            return () -> new SimplePatternSplitTokenizer(expression);
        });
        add(all, "classic", settings -> {
            int length = settings.getAsInt("max_token_length", MAX_TOKEN_LENGTH);
            return () -> {
                ClassicTokenizer tokenizer = new ClassicTokenizer();
                tokenizer.setMaxTokenLength(length);
                return tokenizer;
            };
        });
        add(all, "uax_url_email", settings -> {
            int length = settings.getAsInt("max_token_length", MAX_TOKEN_LENGTH);
            return () -> {
                UAX29URLEmailTokenizer tokenizer = new UAX29URLEmailTokenizer();
                tokenizer.setMaxTokenLength(length);
                return tokenizer;
            };
        });
        add(all, "path_hierarchy", Tokenizers::pathHierarchy);
        add(all, "thai", settings -> ThaiTokenizer::new);
        return all;
    }

    private static Supplier<Tokenizer> pattern(Settings settings) {
        Pattern pattern = Regex.compile(settings.get("pattern", "\\W+"), settings.get("flags"));
        int group = settings.getAsInt("group", -1);
        return () -> new PatternTokenizer(pattern, group);
    }

    private static Supplier<Tokenizer> pathHierarchy(Settings settings) {
        int buffer = settings.getAsInt("buffer_size", 1024);
        int skip = settings.getAsInt("skip", PathHierarchyTokenizer.DEFAULT_SKIP);
        char delimiter = character("delimiter", settings.get("delimiter"), PathHierarchyTokenizer.DEFAULT_DELIMITER);
        char replacement = character("replacement", settings.get("replacement"), delimiter);
        return settings.getAsBoolean("reverse", false)
            ? () -> new ReversePathHierarchyTokenizer(buffer, delimiter, replacement, skip)
            : () -> new PathHierarchyTokenizer(buffer, delimiter, replacement, skip);
    }

    private static char character(String parameter, String value, char otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (value.length() != 1) {
            throw new IllegalArgumentException(
                String.format(Locale.ROOT, "%s must be a one char value, not [%s]", parameter, value));
        }
        return value.charAt(0);
    }

    private static void add(
        Map<String, AnalysisProvider<TokenizerFactory>> all, String type, Function<Settings, Supplier<Tokenizer>> made) {
        all.put(type, (index, environment, name, settings) -> TokenizerFactory.newFactory(name, made.apply(settings)));
    }
}
