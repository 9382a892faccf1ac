import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.custom.CustomAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/**
 * Prints what Lucene itself makes of texts. Each line of standard input is an analyzer and a text, parted by a tab; the
 * analyzer is a class name, or steps parted by ` | `, each `kind;name;parameter;value;…` as Lucene's own factories take
 * them. Each line of output is the tokens, parted by tabs, each `text start end position`.
 */
public final class LuceneTokens {

    public static void main(String[] arguments) throws Exception {
        Path files = Path.of(arguments[0]);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Map<String, Analyzer> made = new LinkedHashMap<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] parts = line.split("\t", 2);
                if (!made.containsKey(parts[0])) {
                    made.put(parts[0], make(parts[0], files));
                }
                out.println(tokens(made.get(parts[0]), parts[1]));
            }
        }
    }

    private static Analyzer make(String description, Path files) throws Exception {
        if (description.indexOf(';') < 0) {
            return (Analyzer) Class.forName(description).getConstructor().newInstance();
        }
        CustomAnalyzer.Builder builder = CustomAnalyzer.builder(files);
        for (String step : description.split(" \\| ")) {
            String[] parts = step.split(";", -1);
            Map<String, String> parameters = new LinkedHashMap<>();
            for (int at = 2; at + 1 < parts.length; at += 2) {
                parameters.put(parts[at], parts[at + 1]);
            }
            switch (parts[0]) {
                case "char" -> builder.addCharFilter(parts[1], parameters);
                case "tokenizer" -> builder.withTokenizer(parts[1], parameters);
                case "filter" -> builder.addTokenFilter(parts[1], parameters);
                default -> throw new IllegalArgumentException(step);
            }
        }
        return builder.build();
    }

    private static String tokens(Analyzer analyzer, String text) throws Exception {
        StringBuilder line = new StringBuilder();
        try (TokenStream stream = analyzer.tokenStream("field", text)) {
            CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
            OffsetAttribute offset = stream.addAttribute(OffsetAttribute.class);
            PositionIncrementAttribute increment = stream.addAttribute(PositionIncrementAttribute.class);
            int position = -1;
            stream.reset();
            while (stream.incrementToken()) {
                position += increment.getPositionIncrement();
                line.append(line.isEmpty() ? "" : "\t").append(term).append(' ').append(offset.startOffset())
                    .append(' ').append(offset.endOffset()).append(' ').append(position);
            }
            stream.end();
        }
        return line.toString();
    }
}
