package evergrass.json;

import java.lang.annotation.Annotation;

/**
 * Jackson's annotations, by name: functions that were written for V1, which had Jackson, bring
 * their classes themselves.
 */
final class Annotations {
    private static final String PACKAGE = "com.fasterxml.jackson.annotation.";

    private Annotations() {}

    static boolean has(Annotation[] all, String name) {
        return find(all, name) != null;
    }

    /** What JsonProperty says; null without one, empty when it gives no name. */
    static String nameGiven(Annotation[] all) {
        Annotation found = find(all, "JsonProperty");
        if (found == null) {
            return null;
        }
        Object value = valueOf(found);
        return value instanceof String ? (String) value : "";
    }

    /** The names in JsonIgnoreProperties. */
    static String[] ignoredNames(Annotation[] all) {
        Annotation found = find(all, "JsonIgnoreProperties");
        Object value = found == null ? null : valueOf(found);
        return value instanceof String[] ? (String[]) value : new String[0];
    }

    private static Annotation find(Annotation[] all, String name) {
        for (Annotation annotation : all) {
            if (annotation.annotationType().getName().equals(PACKAGE + name)) {
                return annotation;
            }
        }
        return null;
    }

    private static Object valueOf(Annotation annotation) {
        try {
            return annotation.annotationType().getMethod("value").invoke(annotation);
        } catch (ReflectiveOperationException | RuntimeException absent) {
            return null;
        }
    }
}
