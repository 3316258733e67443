package evergrass.json;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Calendar;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes what a handler takes from what JsonReader read: numbers, text, enums, dates, collections,
 * maps, arrays, beans and records, with their type arguments. As Jackson does by default, it takes
 * numbers from text and text from numbers, leaves fractions out for whole numbers and null for 0;
 * unlike it, it passes over fields that the type does not have.
 */
public final class JsonBinder {
    private final Beans beans;

    public JsonBinder(Beans beans) {
        this.beans = beans;
    }

    /** Throws what names the place in the input: "items[2].price must be a number, not text". */
    public Object bind(Object value, Types type) throws JsonException {
        return bind(value, type, "");
    }

    Object bind(Object value, Types type, String at) throws JsonException {
        Class<?> raw = type.raw();
        if (raw == Optional.class) {
            return Optional.ofNullable(bind(value, type.argument(Optional.class, 0), at));
        }
        if (value == null) {
            return raw.isPrimitive() ? Scalars.zero(raw) : null;
        }
        if (raw == Object.class) {
            return value;
        }
        if (Scalars.isScalar(raw)) {
            return Scalars.bind(value, raw, at);
        }
        if (raw == byte[].class || raw == ByteBuffer.class) {
            byte[] bytes = bytes(value, at);
            return raw == byte[].class ? bytes : ByteBuffer.wrap(bytes);
        }
        if (raw == char[].class && value instanceof String) {
            return ((String) value).toCharArray();
        }
        if (raw.isArray()) {
            return array(list(value, at), type, at);
        }
        if (Iterable.class.isAssignableFrom(raw) && Collections.canBe(raw)) {
            return collection(list(value, at), type, at);
        }
        if (Map.class.isAssignableFrom(raw)) {
            return map(fields(value, at), type, at);
        }
        if (raw == Date.class) {
            return Dates.bind(value, at);
        }
        if (raw == Calendar.class) {
            Calendar calendar = Calendar.getInstance();
            calendar.setTime(Dates.bind(value, at));
            return calendar;
        }
        return object(value, type, at);
    }

    private Object object(Object value, Types type, String at) throws JsonException {
        Class<?> raw = type.raw();
        if (raw.isInstance(value) && !(value instanceof Map)) {
            return value; // Serializable, Comparable …
        }
        if (!(value instanceof Map)) {
            Object made = value instanceof String ? Scalars.ofText((String) value, raw, at) : null;
            if (made != null) {
                return made;
            }
            throw mismatch(at, "an object", value);
        }
        return new BeanMaker(this, beans, type, at).make(fields(value, at));
    }

    private Object array(List<?> items, Types type, String at) throws JsonException {
        Types item = type.item();
        Object array = Array.newInstance(item.raw(), items.size());
        for (int i = 0; i < items.size(); ++i) {
            Array.set(array, i, bind(items.get(i), item, at + "[" + i + "]"));
        }
        return array;
    }

    private Object collection(List<?> items, Types type, String at) throws JsonException {
        Types item = type.argument(Iterable.class, 0);
        Collection<Object> made = Collections.make(type.raw(), item.raw(), at);
        for (int i = 0; i < items.size(); ++i) {
            made.add(bind(items.get(i), item, at + "[" + i + "]"));
        }
        return made;
    }

    private Object map(Map<String, Object> fields, Types type, String at) throws JsonException {
        Types key = type.argument(Map.class, 0);
        Types value = type.argument(Map.class, 1);
        Map<Object, Object> made = Collections.makeMap(type.raw(), key.raw(), at);
        for (Map.Entry<String, Object> field : fields.entrySet()) {
            String place = inside(at, field.getKey());
            made.put(bind(field.getKey(), key, place), bind(field.getValue(), value, place));
        }
        return made;
    }

    private static byte[] bytes(Object value, String at) throws JsonException {
        try {
            if (value instanceof String) {
                return Base64.getDecoder().decode((String) value);
            }
        } catch (IllegalArgumentException wrong) {
            // Told below.
        }
        throw mismatch(at, "bytes in Base64", value);
    }

    private static List<?> list(Object value, String at) throws JsonException {
        if (value instanceof List) {
            return (List<?>) value;
        }
        throw mismatch(at, "an array", value);
    }

    @SuppressWarnings("unchecked") // made by JsonReader
    private static Map<String, Object> fields(Object value, String at) throws JsonException {
        if (value instanceof Map) {
            return (Map<String, Object>) value;
        }
        throw mismatch(at, "an object", value);
    }

    static String inside(String at, String key) {
        return at.isEmpty() ? key : at + "." + key;
    }

    static JsonException mismatch(String at, String wanted, Object value) {
        return new JsonException((at.isEmpty() ? "it" : at) + " must be " + wanted + ", not "
                + kind(value));
    }

    private static String kind(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Map) {
            return "an object";
        }
        if (value instanceof List) {
            return "an array";
        }
        if (value instanceof String) {
            String text = (String) value;
            return "\"" + (text.length() > 40 ? text.substring(0, 40) + "…" : text) + "\"";
        }
        return value.toString();
    }
}
