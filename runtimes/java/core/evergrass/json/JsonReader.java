package evergrass.json;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON (RFC 8259) into LinkedHashMap, ArrayList, String, Boolean, null and numbers: Integer,
 * Long or BigInteger, whichever is enough, and Double for those with a fraction or an exponent. Of
 * equal keys the last one counts.
 */
public final class JsonReader {
    /** Arrays and objects within each other; deeper ones are refused. */
    public static final int MAX_DEPTH = 1000;
    private static final int MAX_NUMBER = 1000; // characters: reading long ones takes ever longer

    private final String text;
    private int at = 0;

    private JsonReader(String text) {
        this.text = text;
    }

    /** Throws what tells the place of the first mistake, in characters from 0. */
    public static Object read(byte[] utf8) throws JsonException {
        try {
            return read(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString());
        } catch (CharacterCodingException wrong) {
            throw new JsonException("it is not UTF-8");
        }
    }

    public static Object read(String text) throws JsonException {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value(0);
        reader.skipSpace();
        if (reader.at != text.length()) {
            throw reader.wrong("the end");
        }
        return value;
    }

    private Object value(int depth) throws JsonException {
        if (depth > MAX_DEPTH) {
            throw new JsonException("it is nested deeper than " + MAX_DEPTH);
        }
        skipSpace();
        switch (peek()) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) throws JsonException {
        Map<String, Object> fields = new LinkedHashMap<>();
        ++at;
        skipSpace();
        if (taken('}')) {
            return fields;
        }
        do {
            skipSpace();
            if (peek() != '"') {
                throw wrong("a key");
            }
            String key = string();
            skipSpace();
            expect(':');
            fields.put(key, value(depth + 1));
            skipSpace();
        } while (taken(','));
        expect('}');
        return fields;
    }

    private List<Object> array(int depth) throws JsonException {
        List<Object> items = new ArrayList<>();
        ++at;
        skipSpace();
        if (taken(']')) {
            return items;
        }
        do {
            items.add(value(depth + 1));
            skipSpace();
        } while (taken(','));
        expect(']');
        return items;
    }

    private String string() throws JsonException {
        int start = ++at;
        while (peek() != '"' && peek() != '\\' && peek() >= ' ') {
            ++at;
        }
        if (taken('"')) {
            return text.substring(start, at - 1);
        }
        StringBuilder built = new StringBuilder(text.length() < 1024 ? 64 : 1024);
        built.append(text, start, at);
        while (!taken('"')) {
            char c = peek();
            if (c < ' ') {
                throw wrong("a character of a string");
            }
            ++at;
            built.append(c == '\\' ? escaped() : c);
        }
        return built.toString();
    }

    private char escaped() throws JsonException {
        char c = peek();
        ++at;
        switch (c) {
            case '"':
            case '\\':
            case '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return hexadecimal();
            default:
                --at;
                throw wrong("an escape");
        }
    }

    private char hexadecimal() throws JsonException {
        int code = 0;
        for (int end = at + 4; at < end; ++at) {
            char c = peek();
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw wrong("a hexadecimal digit");
            }
            code = code * 16 + digit;
        }
        return (char) code;
    }

    private Object number() throws JsonException {
        int start = at;
        taken('-');
        if (!taken('0')) {
            digits();
        }
        boolean whole = true;
        if (taken('.')) {
            whole = false;
            digits();
        }
        if (taken('e') || taken('E')) {
            whole = false;
            if (!taken('+')) {
                taken('-');
            }
            digits();
        }
        if (at - start > MAX_NUMBER) {
            throw new JsonException("a number has more than " + MAX_NUMBER + " characters");
        }
        String digits = text.substring(start, at);
        return whole ? integer(digits) : (Object) Double.valueOf(digits);
    }

    private static Number integer(String digits) {
        if (digits.length() > 18) {
            BigInteger value = new BigInteger(digits);
            if (value.bitLength() > 63) {
                return value;
            }
            return value.longValue();
        }
        long value = Long.parseLong(digits);
        if (value == (int) value) {
            return (int) value;
        }
        return value;
    }

    private void digits() throws JsonException {
        if (!isDigit(peek())) {
            throw wrong("a value");
        }
        while (isDigit(peek())) {
            ++at;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private Object word(String word, Object value) throws JsonException {
        if (!text.startsWith(word, at)) {
            throw wrong("a value");
        }
        at += word.length();
        return value;
    }

    private void skipSpace() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
            ++at;
        }
    }

    // NUL, which is nowhere allowed, behind the end.
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private boolean taken(char c) {
        if (peek() != c || at >= text.length()) {
            return false;
        }
        ++at;
        return true;
    }

    private void expect(char c) throws JsonException {
        if (!taken(c)) {
            throw wrong("'" + c + "'");
        }
    }

    private JsonException wrong(String expected) {
        String found = at >= text.length() ? "its end" : "'" + text.charAt(at) + "'";
        return new JsonException("at character " + at + " there is " + found + ", not " + expected);
    }
}
