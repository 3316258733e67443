package evergrass.json;

import java.lang.reflect.Method;
import java.util.Map;

/** Records, which Java has from 16 on: asked for by reflection. */
final class Records {
    private Records() {}

    static boolean isRecord(Class<?> type) {
        Class<?> parent = type.getSuperclass();
        return parent != null && parent.getName().equals("java.lang.Record");
    }

    static void addAccessors(Class<?> type, Map<String, Property> all) {
        if (isRecord(type)) {
            for (String name : names(type)) {
                try {
                    Beans.property(all, name).addGetter(type.getMethod(name));
                } catch (NoSuchMethodException impossible) {
                    throw new IllegalStateException(impossible);
                }
            }
        }
    }

    /** Of the components, in the order of the constructor's parameters. */
    static String[] names(Class<?> type) {
        Object[] components = components(type);
        String[] names = new String[components.length];
        for (int i = 0; i < names.length; ++i) {
            names[i] = (String) ask(components[i], "getName");
        }
        return names;
    }

    static Class<?>[] types(Class<?> type) {
        Object[] components = components(type);
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < types.length; ++i) {
            types[i] = (Class<?>) ask(components[i], "getType");
        }
        return types;
    }

    private static Object[] components(Class<?> type) {
        try {
            return (Object[]) Class.class.getMethod("getRecordComponents").invoke(type);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Object ask(Object component, String what) {
        try {
            Method method = component.getClass().getMethod(what);
            return method.invoke(component);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
