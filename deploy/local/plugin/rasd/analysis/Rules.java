package rasd.analysis;

/** Parts of the rules that several components share: `left => right`, and characters written as escapes. */
final class Rules {

    private Rules() {}

    /** The two sides of a rule, parted at its last arrow, without the blanks around them. */
    static String[] sides(String rule) {
        int arrow = rule.lastIndexOf("=>");
        if (arrow < 0) {
            throw new IllegalArgumentException("Invalid rule [" + rule + "]: there is no [=>] in it");
        }
        return new String[] {rule.substring(0, arrow).trim(), rule.substring(arrow + 2).trim()};
    }

    /** Replaces the escapes of a character: backslash with b, f, n, r, t, u and four hexadecimal digits, or itself. */
    static String unescape(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter != '\\') {
                plain.append(letter);
                continue;
            }
            if (++at >= text.length()) {
                throw new IllegalArgumentException("Invalid escape at the end of [" + text + "]");
            }
            letter = text.charAt(at);
            if (letter == 'u') {
                if (at + 4 >= text.length()) {
                    throw new IllegalArgumentException("Invalid escape at the end of [" + text + "]");
                }
                plain.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                at += 4;
            } else {
                plain.append(switch (letter) {
                    case 'b' -> '\b';
                    case 'f' -> '\f';
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    default -> letter;
                });
            }
        }
        return plain.toString();
    }
}
