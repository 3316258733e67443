package evergrass.json;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.Map;

/**
 * Writes values as JSON: maps, iterables, arrays, text, numbers, booleans, enums (their names),
 * bytes (Base64), dates (ms since 1970), classes of Java's own (their text) and beans.
 */
public final class JsonWriter {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final Beans beans;
    private final StringBuilder out = new StringBuilder();

    private JsonWriter(Beans beans) {
        this.beans = beans;
    }

    /** Throws when a getter does, or when values hold each other without end. */
    public static byte[] write(Object value, Beans beans) throws JsonException {
        JsonWriter writer = new JsonWriter(beans);
        writer.value(value, 0);
        return writer.out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void value(Object value, int depth) throws JsonException {
        if (depth > JsonReader.MAX_DEPTH) {
            throw new JsonException("the value is nested deeper than " + JsonReader.MAX_DEPTH
                    + ": it may hold itself");
        }
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof CharSequence || value instanceof Character) {
            string(value.toString());
        } else if (value instanceof Number) {
            number((Number) value);
        } else if (value instanceof Map) {
            map((Map<?, ?>) value, depth);
        } else if (value instanceof Iterable && !isText(value)) {
            items(((Iterable<?>) value).iterator(), depth);
        } else if (value instanceof byte[]) {
            string(Base64.getEncoder().encodeToString((byte[]) value));
        } else if (value instanceof char[]) {
            string(new String((char[]) value));
        } else if (value.getClass().isArray()) {
            array(value, depth);
        } else {
            other(value, depth);
        }
    }

    private void other(Object value, int depth) throws JsonException {
        if (value instanceof Enum) {
            string(((Enum<?>) value).name());
        } else if (value instanceof Date) {
            out.append(((Date) value).getTime());
        } else if (value instanceof Calendar) {
            out.append(((Calendar) value).getTimeInMillis());
        } else if (value instanceof ByteBuffer) {
            ByteBuffer copy = ((ByteBuffer) value).duplicate();
            byte[] bytes = new byte[copy.remaining()];
            copy.get(bytes);
            string(Base64.getEncoder().encodeToString(bytes));
        } else if (value instanceof Class) {
            string(((Class<?>) value).getName());
        } else if (value instanceof java.util.Optional) {
            value(((java.util.Optional<?>) value).orElse(null), depth);
        } else if (isText(value)) {
            string(value.toString());
        } else {
            bean(value, depth);
        }
    }

    // Java's own values, UUID, URI, Instant …, are told by their text.
    private static boolean isText(Object value) {
        String name = value.getClass().getName();
        return value instanceof java.nio.file.Path
                || ((name.startsWith("java.") || name.startsWith("sun.") || name.startsWith("jdk."))
                        && !(value instanceof Iterable) && value.getClass() != Object.class);
    }

    private void number(Number value) {
        boolean real = value instanceof Double || value instanceof Float;
        if (real && (Double.isNaN(value.doubleValue()) || Double.isInfinite(value.doubleValue()))) {
            string(value.toString());
        } else {
            out.append(value);
        }
    }

    private void map(Map<?, ?> map, int depth) throws JsonException {
        char before = '{';
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(before);
            before = ',';
            Object key = entry.getKey();
            string(key instanceof Enum ? ((Enum<?>) key).name() : String.valueOf(key));
            out.append(':');
            value(entry.getValue(), depth + 1);
        }
        out.append(before == '{' ? "{}" : "}");
    }

    private void items(Iterator<?> items, int depth) throws JsonException {
        char before = '[';
        while (items.hasNext()) {
            out.append(before);
            before = ',';
            value(items.next(), depth + 1);
        }
        out.append(before == '[' ? "[]" : "]");
    }

    private void array(Object array, int depth) throws JsonException {
        int length = Array.getLength(array);
        out.append('[');
        for (int i = 0; i < length; ++i) {
            if (i != 0) {
                out.append(',');
            }
            value(Array.get(array, i), depth + 1);
        }
        out.append(']');
    }

    private void bean(Object bean, int depth) throws JsonException {
        char before = '{';
        for (Property property : beans.of(bean.getClass()).values()) {
            if (property.isReadable()) {
                out.append(before);
                before = ',';
                string(property.name());
                out.append(':');
                value(property.get(bean), depth + 1);
            }
        }
        out.append(before == '{' ? "{}" : "}");
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); ++i) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c >= ' ' && !isLone(text, i)) {
                out.append(c);
            } else {
                escape(c);
            }
        }
        out.append('"');
    }

    // Half of a pair has no form in UTF-8.
    private static boolean isLone(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c)
                && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }

    private void escape(char c) {
        switch (c) {
            case '\n':
                out.append("\\n");
                break;
            case '\r':
                out.append("\\r");
                break;
            case '\t':
                out.append("\\t");
                break;
            default:
                out.append("\\u").append(HEX[c >> 12]).append(HEX[c >> 8 & 15])
                        .append(HEX[c >> 4 & 15]).append(HEX[c & 15]);
        }
    }
}
