package rasd.analysis;

import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.CATENATE_ALL;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.CATENATE_NUMBERS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.CATENATE_WORDS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.GENERATE_NUMBER_PARTS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.GENERATE_WORD_PARTS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.IGNORE_KEYWORDS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.PRESERVE_ORIGINAL;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.SPLIT_ON_CASE_CHANGE;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.SPLIT_ON_NUMERICS;
import static org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter.STEM_ENGLISH_POSSESSIVE;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterIterator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** The filters `word_delimiter` and `word_delimiter_graph`. */
@SuppressWarnings("deprecation") // the flat filter is what the name `word_delimiter` means
final class WordDelimiters {

    private record Flag(String parameter, int bit, boolean otherwise) {}

    private static final List<Flag> FLAGS = List.of(
        new Flag("generate_word_parts", GENERATE_WORD_PARTS, true),
        new Flag("generate_number_parts", GENERATE_NUMBER_PARTS, true),
        new Flag("catenate_words", CATENATE_WORDS, false),
        new Flag("catenate_numbers", CATENATE_NUMBERS, false),
        new Flag("catenate_all", CATENATE_ALL, false),
        new Flag("split_on_case_change", SPLIT_ON_CASE_CHANGE, true),
        new Flag("preserve_original", PRESERVE_ORIGINAL, false),
        new Flag("split_on_numerics", SPLIT_ON_NUMERICS, true),
        new Flag("stem_english_possessive", STEM_ENGLISH_POSSESSIVE, true),
        new Flag("ignore_keywords", IGNORE_KEYWORDS, false));

    private static final Map<String, Integer> TYPES = Map.of(
        "LOWER", WordDelimiterFilter.LOWER,
        "UPPER", WordDelimiterFilter.UPPER,
        "ALPHA", WordDelimiterFilter.ALPHA,
        "DIGIT", WordDelimiterFilter.DIGIT,
        "ALPHANUM", WordDelimiterFilter.ALPHANUM,
        "SUBWORD_DELIM", WordDelimiterFilter.SUBWORD_DELIM);

    private WordDelimiters() {}

    static AnalysisProvider<TokenFilterFactory> provider(boolean graph) {
        return (index, environment, name, settings) -> factory(name, environment, settings, graph);
    }

    private static TokenFilterFactory factory(String name, Environment environment, Settings settings, boolean graph) {
        int flags = 0;
        for (Flag flag : FLAGS) {
            flags |= settings.getAsBoolean(flag.parameter(), flag.otherwise()) ? flag.bit() : 0;
        }
        int chosen = flags;
        byte[] types = types(Analysis.getWordList(environment, settings, "type_table"));
        CharArraySet whole = Analysis.getWordSet(environment, settings, "protected_words");
        boolean adjusted = settings.getAsBoolean("adjust_offsets", true);
        return new AbstractTokenFilterFactory(name) {
            @Override
            public TokenStream create(TokenStream in) {
                return graph
                    ? new WordDelimiterGraphFilter(in, adjusted, types, chosen, whole)
                    : new WordDelimiterFilter(in, types, chosen, whole);
            }

            @Override
            public TokenFilterFactory getSynonymFilter() {
                throw new IllegalArgumentException("Token filter [" + name + "] cannot be used to parse synonyms");
            }

            @Override
            public boolean breaksFastVectorHighlighter() {
                return true;
            }
        };
    }

    /** The kinds of characters: Lucene's own table, changed by rules such as `% => DIGIT`. */
    private static byte[] types(List<String> rules) {
        byte[] table = WordDelimiterIterator.DEFAULT_WORD_DELIM_TABLE;
        if (rules == null) {
            return table;
        }
        for (String rule : rules) {
            String[] sides = Rules.sides(rule);
            String letter = Rules.unescape(sides[0]);
            Integer type = TYPES.get(sides[1]);
            if (letter.length() != 1 || type == null) {
                throw new IllegalArgumentException("Invalid rule in type_table: [" + rule + "]");
            }
            table = extended(table, letter.charAt(0));
            table[letter.charAt(0)] = type.byteValue();
        }
        return table;
    }

    /** A copy that reaches to this character; Lucene would judge those beyond its table's end by Unicode. */
    private static byte[] extended(byte[] table, char last) {
        byte[] copy = Arrays.copyOf(table, Math.max(table.length, last + 1));
        for (int letter = table.length; letter < copy.length; letter++) {
            copy[letter] = WordDelimiterIterator.getType(letter);
        }
        return copy;
    }
}
