package evergrass.json;

import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Empty collections and maps for a type that may be an interface. */
final class Collections {
    private Collections() {}

    static boolean canBe(Class<?> type) {
        return Collection.class.isAssignableFrom(type) || type == Iterable.class;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static Collection<Object> make(Class<?> type, Class<?> item, String at) throws JsonException {
        if (EnumSet.class.isAssignableFrom(type)) {
            return (Collection<Object>) (Collection) EnumSet.noneOf((Class<? extends Enum>) item);
        }
        if (isConcrete(type)) {
            return (Collection<Object>) construct(type, at);
        }
        if (type.isAssignableFrom(ArrayList.class)) {
            return new ArrayList<>();
        }
        if (type.isAssignableFrom(LinkedHashSet.class)) {
            return new LinkedHashSet<>();
        }
        if (type.isAssignableFrom(TreeSet.class)) {
            return new TreeSet<>();
        }
        if (type.isAssignableFrom(ArrayDeque.class)) {
            return new ArrayDeque<>();
        }
        throw unknown(type, at);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static Map<Object, Object> makeMap(Class<?> type, Class<?> key, String at)
            throws JsonException {
        if (type == EnumMap.class) {
            return (Map<Object, Object>) new EnumMap(key);
        }
        if (isConcrete(type)) {
            return (Map<Object, Object>) construct(type, at);
        }
        if (type.isAssignableFrom(LinkedHashMap.class)) {
            return new LinkedHashMap<>();
        }
        if (type.isAssignableFrom(TreeMap.class)) {
            return new TreeMap<>();
        }
        if (type.isAssignableFrom(java.util.concurrent.ConcurrentHashMap.class)) {
            return new java.util.concurrent.ConcurrentHashMap<>();
        }
        throw unknown(type, at);
    }

    private static boolean isConcrete(Class<?> type) {
        return !type.isInterface() && !Modifier.isAbstract(type.getModifiers());
    }

    private static Object construct(Class<?> type, String at) throws JsonException {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            if (!Modifier.isPublic(type.getModifiers() & constructor.getModifiers())) {
                constructor.setAccessible(true);
            }
            return constructor.newInstance();
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw unknown(type, at);
        }
    }

    private static JsonException unknown(Class<?> type, String at) {
        return new JsonException((at.isEmpty() ? "it" : at) + " is for " + type.getName()
                + ", which cannot be made: use List, Set, Map, or a class with a public constructor"
                + " without parameters");
    }
}
