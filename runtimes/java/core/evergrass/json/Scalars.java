package evergrass.json;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;

/** Text, numbers, booleans, enums, and classes that are made of a text. */
final class Scalars {
    private Scalars() {}

    static boolean isScalar(Class<?> type) {
        return type.isPrimitive() || type == String.class || type == CharSequence.class
                || type == Boolean.class || type == Character.class || type.isEnum()
                || Number.class.isAssignableFrom(type) && isNumber(type);
    }

    private static boolean isNumber(Class<?> type) {
        return type == Number.class || type == Integer.class || type == Long.class
                || type == Short.class || type == Byte.class || type == Double.class
                || type == Float.class || type == BigInteger.class || type == BigDecimal.class;
    }

    static Object zero(Class<?> primitive) {
        if (primitive == boolean.class) {
            return false;
        }
        return primitive == char.class ? (Object) '\0' : convert(0, boxed(primitive));
    }

    static Object bind(Object value, Class<?> type, String at) throws JsonException {
        Class<?> wanted = boxed(type);
        if (wanted == String.class || wanted == CharSequence.class) {
            return text(value, at);
        }
        if (wanted == Boolean.class) {
            return bool(value, at);
        }
        if (wanted == Character.class) {
            if (value instanceof String && ((String) value).length() == 1) {
                return ((String) value).charAt(0);
            }
            throw JsonBinder.mismatch(at, "one character", value);
        }
        return type.isEnum() ? enumeration(value, type, at) : number(value, type, wanted, at);
    }

    private static Class<?> boxed(Class<?> type) {
        if (!type.isPrimitive()) {
            return type;
        }
        return java.lang.reflect.Array.get(java.lang.reflect.Array.newInstance(type, 1), 0)
                .getClass();
    }

    private static String text(Object value, String at) throws JsonException {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        throw JsonBinder.mismatch(at, "text", value);
    }

    private static Boolean bool(Object value, String at) throws JsonException {
        if (value instanceof Boolean) {
            return (Boolean) value;
        }
        if ("true".equals(value) || "false".equals(value)) {
            return "true".equals(value);
        }
        if (value instanceof Integer) {
            return (Integer) value != 0;
        }
        throw JsonBinder.mismatch(at, "true or false", value);
    }

    private static Object enumeration(Object value, Class<?> type, String at)
            throws JsonException {
        Object[] all = type.getEnumConstants();
        StringBuilder names = new StringBuilder();
        for (Object constant : all) {
            String name = ((Enum<?>) constant).name();
            if (name.equals(value)) {
                return constant;
            }
            names.append(names.length() == 0 ? "" : ", ").append(name);
        }
        if (value instanceof Integer && (Integer) value >= 0 && (Integer) value < all.length) {
            return all[(Integer) value];
        }
        throw JsonBinder.mismatch(at, "one of " + names, value);
    }

    private static Object number(Object value, Class<?> type, Class<?> wanted, String at)
            throws JsonException {
        Object given = value;
        if (value instanceof String) {
            String text = ((String) value).trim();
            if (text.isEmpty()) {
                return type.isPrimitive() ? zero(type) : null;
            }
            given = parsed(text);
        }
        if (!(given instanceof Number)) {
            throw JsonBinder.mismatch(at, "a number", value);
        }
        Object made = convert((Number) given, wanted);
        if (made == null) {
            throw JsonBinder.mismatch(at, "a number that fits " + type.getSimpleName(), value);
        }
        return made;
    }

    private static Number parsed(String text) {
        if (text.length() > 1000) {
            return null;
        }
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException wrong) {
            try {
                return Double.valueOf(text); // NaN, Infinity
            } catch (NumberFormatException still) {
                return null;
            }
        }
    }

    // Null when it does not fit.
    private static Object convert(Number n, Class<?> wanted) {
        if (wanted == Number.class) {
            return n;
        }
        if (wanted == Double.class) {
            return n.doubleValue();
        }
        if (wanted == Float.class) {
            return n.floatValue();
        }
        if (n instanceof Double && (((Double) n).isNaN() || ((Double) n).isInfinite())) {
            return null;
        }
        BigDecimal exact = new BigDecimal(n.toString());
        if (wanted == BigDecimal.class) {
            return exact;
        }
        if (exact.precision() - (long) exact.scale() > 1000) { // 1e999999999 fills the memory
            return null;
        }
        BigInteger whole = exact.toBigInteger();
        if (wanted == BigInteger.class) {
            return whole;
        }
        return integer(whole, wanted);
    }

    private static Object integer(BigInteger whole, Class<?> wanted) {
        int bits = whole.bitLength();
        if (wanted == Long.class) {
            return bits > 63 ? null : (Object) whole.longValue();
        }
        if (wanted == Integer.class) {
            return bits > 31 ? null : (Object) whole.intValue();
        }
        if (wanted == Short.class) {
            return bits > 15 ? null : (Object) whole.shortValue();
        }
        return bits > 7 ? null : (Object) whole.byteValue();
    }

    /** By a static method or constructor that takes text: UUID, URI, Instant. Null: none. */
    static Object ofText(String text, Class<?> type, String at) throws JsonException {
        try {
            for (String name : new String[] {"fromString", "valueOf", "parse", "of"}) {
                Method method = factory(type, name);
                if (method != null) {
                    return method.invoke(null, text);
                }
            }
            if (!Modifier.isAbstract(type.getModifiers())) {
                Constructor<?> constructor = type.getConstructor(String.class);
                return constructor.newInstance(text);
            }
        } catch (InvocationTargetException wrong) {
            throw new JsonException((at.isEmpty() ? "it" : at) + " is no " + type.getSimpleName()
                    + ": " + wrong.getCause().getMessage());
        } catch (ReflectiveOperationException | RuntimeException none) {
            return null;
        }
        return null;
    }

    private static Method factory(Class<?> type, String name) {
        for (Class<?> parameter : new Class<?>[] {String.class, CharSequence.class}) {
            try {
                Method method = type.getMethod(name, parameter);
                if (Modifier.isStatic(method.getModifiers())
                        && type.isAssignableFrom(method.getReturnType())) {
                    return method;
                }
            } catch (NoSuchMethodException none) {
                // The next one.
            }
        }
        return null;
    }
}
