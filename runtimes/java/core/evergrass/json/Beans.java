package evergrass.json;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The properties of classes, by Jackson's rules: public getters, setters and fields, components of
 * records, and what JsonProperty names. Remembers the classes it was asked about. Any thread.
 */
public final class Beans {
    private final Map<Class<?>, Map<String, Property>> known = new ConcurrentHashMap<>();

    /** By name in JSON, in the order of their declaration as far as Java tells it. */
    Map<String, Property> of(Class<?> type) {
        Map<String, Property> found = known.get(type);
        if (found == null) {
            found = look(type);
            known.put(type, found);
        }
        return found;
    }

    private static Map<String, Property> look(Class<?> type) {
        Map<String, Property> all = new LinkedHashMap<>();
        addFields(type, all);
        Records.addAccessors(type, all);
        for (Method method : type.getMethods()) {
            if (!Modifier.isStatic(method.getModifiers()) && !method.isBridge()
                    && method.getDeclaringClass() != Object.class) {
                addMethod(method, all);
            }
        }
        return byName(type, all);
    }

    private static void addFields(Class<?> type, Map<String, Property> all) {
        if (type == null || type == Object.class) {
            return;
        }
        addFields(type.getSuperclass(), all);
        for (Field field : type.getDeclaredFields()) {
            int is = field.getModifiers();
            if (!Modifier.isStatic(is) && !Modifier.isTransient(is) && !field.isSynthetic()) {
                property(all, field.getName()).addField(field, Modifier.isPublic(is));
            }
        }
    }

    private static void addMethod(Method method, Map<String, Property> all) {
        String name = method.getName();
        Class<?> result = method.getReturnType();
        if (method.getParameterCount() == 0) {
            if (name.startsWith("get") && name.length() > 3 && result != void.class) {
                property(all, mangled(name.substring(3))).addGetter(method);
            } else if (name.startsWith("is") && name.length() > 2
                    && (result == boolean.class || result == Boolean.class)) {
                property(all, mangled(name.substring(2))).addGetter(method);
            }
        } else if (method.getParameterCount() == 1 && name.startsWith("set") && name.length() > 3) {
            addSetter(method, property(all, mangled(name.substring(3))));
        }
    }

    // Of several the one that takes what the getter gives.
    private static void addSetter(Method method, Property property) {
        Class<?> given = property.getter != null ? property.getter.getReturnType()
                : property.field != null ? property.field.getType() : null;
        if (property.setter == null || method.getParameterTypes()[0] == given) {
            property.addSetter(method);
        }
    }

    private static Map<String, Property> byName(Class<?> type, Map<String, Property> all) {
        Map<String, Property> named = new LinkedHashMap<>();
        for (Property property : all.values()) {
            if (!property.isIgnored() && (property.isReadable() || property.isWritable())) {
                named.put(property.name(), property);
            }
        }
        for (String name : Annotations.ignoredNames(type.getAnnotations())) {
            named.remove(name);
        }
        return named;
    }

    static Property property(Map<String, Property> all, String name) {
        Property found = all.get(name);
        if (found == null) {
            found = new Property(name);
            all.put(name, found);
        }
        return found;
    }

    /** getURLName is "urlname": Jackson lowers all capitals that it begins with. */
    private static String mangled(String name) {
        StringBuilder lowered = new StringBuilder(name);
        for (int i = 0; i < name.length() && Character.isUpperCase(name.charAt(i)); ++i) {
            lowered.setCharAt(i, Character.toLowerCase(name.charAt(i)));
        }
        return lowered.toString();
    }

    /** The property of this name, whatever its capitals; null when there is none. */
    Property find(Class<?> type, String name) {
        Map<String, Property> all = of(type);
        Property exact = all.get(name);
        if (exact != null) {
            return exact;
        }
        for (Property property : all.values()) {
            if (property.name().equalsIgnoreCase(name)) {
                return property;
            }
        }
        return null;
    }
}
