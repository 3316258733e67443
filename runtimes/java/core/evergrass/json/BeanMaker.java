package evergrass.json;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes one bean, by JsonCreator, by a record's constructor, or by setters and fields. */
final class BeanMaker {
    private final JsonBinder binder;
    private final Beans beans;
    private final Types type;
    private final String at;

    BeanMaker(JsonBinder binder, Beans beans, Types type, String at) {
        this.binder = binder;
        this.beans = beans;
        this.type = type;
        this.at = at;
    }

    Object make(Map<String, Object> fields) throws JsonException {
        Map<String, Object> left = new LinkedHashMap<>(fields);
        Object bean = construct(left);
        for (Map.Entry<String, Object> field : left.entrySet()) {
            Property property = beans.find(type.raw(), field.getKey());
            if (property != null && property.isWritable()) {
                Types wanted = type.member(property.type());
                property.set(bean, binder.bind(field.getValue(), wanted,
                        JsonBinder.inside(at, property.name())));
            }
        }
        return bean;
    }

    private Object construct(Map<String, Object> left) throws JsonException {
        Class<?> raw = type.raw();
        try {
            if (Records.isRecord(raw)) {
                return call(
                        raw.getDeclaredConstructor(Records.types(raw)), Records.names(raw), left);
            }
            Executable creator = creator(raw);
            if (creator != null) {
                return call(creator, names(creator), left);
            }
            if (Modifier.isAbstract(raw.getModifiers())) {
                throw cannot("it is abstract");
            }
            return call(raw.getDeclaredConstructor(), new String[0], left);
        } catch (NoSuchMethodException none) {
            boolean inner = raw.isMemberClass() && !Modifier.isStatic(raw.getModifiers());
            throw cannot(inner ? "an inner class must be static"
                               : "it has no constructor without parameters");
        } catch (InvocationTargetException thrown) {
            throw cannot(String.valueOf(thrown.getCause()));
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw cannot(refused.toString());
        }
    }

    private static Executable creator(Class<?> raw) {
        for (Constructor<?> constructor : raw.getDeclaredConstructors()) {
            if (isCreator(constructor)) {
                return constructor;
            }
        }
        for (Method method : raw.getDeclaredMethods()) {
            if (Modifier.isStatic(method.getModifiers()) && isCreator(method)) {
                return method;
            }
        }
        return null;
    }

    private static boolean isCreator(Executable made) {
        return made.getParameterCount() != 0
                && Annotations.has(made.getAnnotations(), "JsonCreator")
                && names(made).length == made.getParameterCount();
    }

    // As many as parameters tell theirs.
    private static String[] names(Executable creator) {
        Annotation[][] all = creator.getParameterAnnotations();
        String[] names = new String[all.length];
        for (int i = 0; i < all.length; ++i) {
            names[i] = Annotations.nameGiven(all[i]);
            if (names[i] == null) {
                return new String[0];
            }
        }
        return names;
    }

    // Takes what it uses out of `left`.
    private Object call(Executable creator, String[] names, Map<String, Object> left)
            throws ReflectiveOperationException, JsonException {
        Type[] types = creator.getGenericParameterTypes();
        Object[] arguments = new Object[names.length];
        for (int i = 0; i < names.length; ++i) {
            arguments[i] = binder.bind(left.remove(names[i]), type.member(types[i]),
                    JsonBinder.inside(at, names[i]));
        }
        creator.setAccessible(true);
        return creator instanceof Constructor ? ((Constructor<?>) creator).newInstance(arguments)
                                              : ((Method) creator).invoke(null, arguments);
    }

    private JsonException cannot(String why) {
        return new JsonException((at.isEmpty() ? "it" : at) + " is for " + type.raw().getName()
                + ", which cannot be made: " + why);
    }
}
