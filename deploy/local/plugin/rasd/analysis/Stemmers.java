package rasd.analysis;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.bg.BulgarianStemFilter;
import org.apache.lucene.analysis.bn.BengaliStemFilter;
import org.apache.lucene.analysis.br.BrazilianStemFilter;
import org.apache.lucene.analysis.ckb.SoraniStemFilter;
import org.apache.lucene.analysis.cz.CzechStemFilter;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.de.GermanMinimalStemFilter;
import org.apache.lucene.analysis.el.GreekStemFilter;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.es.SpanishPluralStemFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.fi.FinnishLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianStemFilter;
import org.apache.lucene.analysis.hi.HindiStemFilter;
import org.apache.lucene.analysis.hu.HungarianLightStemFilter;
import org.apache.lucene.analysis.id.IndonesianStemFilter;
import org.apache.lucene.analysis.it.ItalianLightStemFilter;
import org.apache.lucene.analysis.lv.LatvianStemFilter;
import org.apache.lucene.analysis.no.NorwegianLightStemFilter;
import org.apache.lucene.analysis.no.NorwegianMinimalStemFilter;
import org.apache.lucene.analysis.pt.PortugueseLightStemFilter;
import org.apache.lucene.analysis.pt.PortugueseMinimalStemFilter;
import org.apache.lucene.analysis.pt.PortugueseStemFilter;
import org.apache.lucene.analysis.ru.RussianLightStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.sv.SwedishLightStemFilter;

/** The stemmers behind the parameter `language` of the filters `stemmer` and `snowball`. */
final class Stemmers {

    /** Lucene's flag for the written standard Nynorsk; the class that names it is not public. */
    private static final int NYNORSK = 2;

    private static final Map<String, UnaryOperator<TokenStream>> BY_LANGUAGE = new TreeMap<>();

    static {
        BY_LANGUAGE.put("arabic", ArabicStemFilter::new);
        BY_LANGUAGE.put("bengali", BengaliStemFilter::new);
        BY_LANGUAGE.put("brazilian", BrazilianStemFilter::new);
        BY_LANGUAGE.put("bulgarian", BulgarianStemFilter::new);
        BY_LANGUAGE.put("czech", CzechStemFilter::new);
        BY_LANGUAGE.put("english", PorterStemFilter::new);
        BY_LANGUAGE.put("porter", PorterStemFilter::new);
        BY_LANGUAGE.put("porter2", snowball("English"));
        BY_LANGUAGE.put("light_english", KStemFilter::new);
        BY_LANGUAGE.put("minimal_english", EnglishMinimalStemFilter::new);
        BY_LANGUAGE.put("possessive_english", EnglishPossessiveFilter::new);
        BY_LANGUAGE.put("light_finnish", FinnishLightStemFilter::new);
        BY_LANGUAGE.put("light_french", FrenchLightStemFilter::new);
        BY_LANGUAGE.put("minimal_french", FrenchMinimalStemFilter::new);
        BY_LANGUAGE.put("galician", GalicianStemFilter::new);
        BY_LANGUAGE.put("minimal_galician", GalicianMinimalStemFilter::new);
        BY_LANGUAGE.put("german2", snowball("German"));
        BY_LANGUAGE.put("light_german", GermanLightStemFilter::new);
        BY_LANGUAGE.put("minimal_german", GermanMinimalStemFilter::new);
        BY_LANGUAGE.put("greek", GreekStemFilter::new);
        BY_LANGUAGE.put("hindi", HindiStemFilter::new);
        BY_LANGUAGE.put("light_hungarian", HungarianLightStemFilter::new);
        BY_LANGUAGE.put("indonesian", IndonesianStemFilter::new);
        BY_LANGUAGE.put("light_italian", ItalianLightStemFilter::new);
        BY_LANGUAGE.put("latvian", LatvianStemFilter::new);
        BY_LANGUAGE.put("light_norwegian", NorwegianLightStemFilter::new);
        BY_LANGUAGE.put("minimal_norwegian", NorwegianMinimalStemFilter::new);
        BY_LANGUAGE.put("light_nynorsk", in -> new NorwegianLightStemFilter(in, NYNORSK));
        BY_LANGUAGE.put("minimal_nynorsk", in -> new NorwegianMinimalStemFilter(in, NYNORSK));
        BY_LANGUAGE.put("persian", PersianStemFilter::new);
        BY_LANGUAGE.put("light_portuguese", PortugueseLightStemFilter::new);
        BY_LANGUAGE.put("minimal_portuguese", PortugueseMinimalStemFilter::new);
        BY_LANGUAGE.put("portuguese_rslp", PortugueseStemFilter::new);
        BY_LANGUAGE.put("light_russian", RussianLightStemFilter::new);
        BY_LANGUAGE.put("sorani", SoraniStemFilter::new);
        BY_LANGUAGE.put("light_spanish", SpanishLightStemFilter::new);
        BY_LANGUAGE.put("spanish_plural", SpanishPluralStemFilter::new);
        BY_LANGUAGE.put("light_swedish", SwedishLightStemFilter::new);
        for (String language : new String[] {
            "armenian", "basque", "catalan", "danish", "dutch", "estonian", "finnish", "french", "german", "hungarian",
            "irish", "italian", "lithuanian", "norwegian", "portuguese", "romanian", "russian", "serbian", "spanish",
            "swedish", "turkish"}) {
            BY_LANGUAGE.put(language, snowball(language));
        }
    }

    private Stemmers() {}

    /** The stemmer that the full distribution means by this language. */
    static UnaryOperator<TokenStream> named(String language) {
        UnaryOperator<TokenStream> stemmer = BY_LANGUAGE.get(language.toLowerCase(Locale.ROOT));
        if (stemmer == null) {
            throw new IllegalArgumentException(
                "Invalid stemmer class specified: " + language + "; known are " + BY_LANGUAGE.keySet());
        }
        return stemmer;
    }

    /** The Snowball stemmer of a language, in whatever case it is written. */
    static UnaryOperator<TokenStream> snowball(String language) {
        String name = language.substring(0, 1).toUpperCase(Locale.ROOT) + language.substring(1).toLowerCase(Locale.ROOT);
        return in -> new SnowballFilter(in, name.equals("German2") ? "German" : name);
    }
}
