package evergrass.json;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Type;

/** One field of a bean's JSON. */
final class Property {
    private String name;
    private boolean ignored;
    private boolean hidden = true; // of the field: neither public nor annotated
    Field field;
    Method getter;
    Method setter;

    Property(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    boolean isIgnored() {
        return ignored;
    }

    boolean isReadable() {
        return getter != null || !hidden;
    }

    boolean isWritable() {
        return setter != null || !hidden;
    }

    void addField(Field found, boolean isPublic) {
        field = found;
        hidden = !isPublic;
        look(found, true);
    }

    void addGetter(Method found) {
        getter = found;
        look(found, false);
    }

    void addSetter(Method found) {
        setter = found;
        look(found, false);
    }

    Type type() {
        return setter != null ? setter.getGenericParameterTypes()[0] : field.getGenericType();
    }

    Class<?> declaredIn() {
        return setter != null ? setter.getDeclaringClass() : field.getDeclaringClass();
    }

    Object get(Object bean) throws JsonException {
        try {
            if (getter != null) {
                getter.setAccessible(true);
                return getter.invoke(bean);
            }
            field.setAccessible(true);
            return field.get(bean);
        } catch (InvocationTargetException thrown) {
            throw failed("read", bean, thrown.getCause());
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw failed("read", bean, refused);
        }
    }

    void set(Object bean, Object value) throws JsonException {
        try {
            if (setter != null) {
                setter.setAccessible(true);
                setter.invoke(bean, value);
            } else {
                field.setAccessible(true);
                field.set(bean, value);
            }
        } catch (InvocationTargetException thrown) {
            throw failed("set", bean, thrown.getCause());
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw failed("set", bean, refused);
        }
    }

    private void look(AccessibleObject member, boolean isField) {
        ignored |= Annotations.has(member.getAnnotations(), "JsonIgnore");
        String given = Annotations.nameGiven(member.getAnnotations());
        if (given != null) {
            name = given.isEmpty() ? name : given;
            hidden &= !isField;
        }
    }

    private JsonException failed(String verb, Object bean, Throwable why) {
        return new JsonException("'" + name + "' of " + bean.getClass().getName() + " cannot be "
                + verb + ": " + why, why);
    }
}
