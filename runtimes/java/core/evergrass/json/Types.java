package evergrass.json;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** A type with what is known of its type parameters, as in Page<Order> or a Handler<In, Out>. */
public final class Types {
    private final Class<?> raw;
    private final Types item;                       // of an array
    private final Map<TypeVariable<?>, Types> own;  // the type's parameters
    private Map<TypeVariable<?>, Types> all;        // and those of what it extends; made when asked

    private Types(Class<?> raw, Types item, Map<TypeVariable<?>, Types> own) {
        this.raw = raw;
        this.item = item;
        this.own = own;
    }

    public static Types of(Type type) {
        return resolve(type, Collections.<TypeVariable<?>, Types>emptyMap());
    }

    /** A type that is written in a member of this class or of what it extends. */
    public Types member(Type written) {
        return resolve(written, all());
    }

    public Class<?> raw() {
        return raw;
    }

    /** What an array holds. */
    Types item() {
        return item;
    }

    /** What this type, by what it extends, gives to parameter `index` of `generic`; else Object. */
    Types argument(Class<?> generic, int index) {
        Types given = all().get(generic.getTypeParameters()[index]);
        return given == null ? of(Object.class) : given;
    }

    private Map<TypeVariable<?>, Types> all() {
        if (all == null) {
            Map<TypeVariable<?>, Types> found = new HashMap<>(own);
            addParents(raw, found);
            all = found;
        }
        return all;
    }

    private static void addParents(Class<?> type, Map<TypeVariable<?>, Types> found) {
        if (type.getGenericSuperclass() != null) {
            addParent(type.getGenericSuperclass(), found);
        }
        for (Type parent : type.getGenericInterfaces()) {
            addParent(parent, found);
        }
    }

    private static void addParent(Type type, Map<TypeVariable<?>, Types> found) {
        if (type instanceof ParameterizedType) {
            found.putAll(arguments((ParameterizedType) type, found));
        }
        addParents(erased(type), found);
    }

    private static Map<TypeVariable<?>, Types> arguments(ParameterizedType type,
            Map<TypeVariable<?>, Types> known) {
        TypeVariable<?>[] parameters = erased(type).getTypeParameters();
        Type[] given = type.getActualTypeArguments();
        Map<TypeVariable<?>, Types> made = new HashMap<>();
        for (int i = 0; i < parameters.length; ++i) {
            made.put(parameters[i], resolve(given[i], known));
        }
        return made;
    }

    private static Types resolve(Type type, Map<TypeVariable<?>, Types> known) {
        if (type instanceof ParameterizedType) {
            return new Types(erased(type), null, arguments((ParameterizedType) type, known));
        }
        if (type instanceof GenericArrayType) {
            Types item = resolve(((GenericArrayType) type).getGenericComponentType(), known);
            Class<?> array = Array.newInstance(item.raw, 0).getClass();
            return new Types(array, item, Collections.<TypeVariable<?>, Types>emptyMap());
        }
        if (type instanceof WildcardType) {
            return resolve(((WildcardType) type).getUpperBounds()[0], known);
        }
        Types given = known.get(type);
        if (given != null) {
            return given;
        }
        Class<?> raw = erased(type);
        return new Types(raw, raw.isArray() ? of(raw.getComponentType()) : null,
                Collections.<TypeVariable<?>, Types>emptyMap());
    }

    private static Class<?> erased(Type type) {
        if (type instanceof TypeVariable) {
            return erased(((TypeVariable<?>) type).getBounds()[0]);
        }
        return (Class<?>) (type instanceof ParameterizedType
                ? ((ParameterizedType) type).getRawType() : type);
    }
}
