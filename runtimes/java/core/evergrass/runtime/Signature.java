package evergrass.runtime;

import com.amazonaws.greengrass.runtime.exception.InvalidHandlerException;
import com.amazonaws.services.lambda.runtime.Context;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;

/**
 * A method that can be a handler. JSON: f(T, Context), f(T), f(Context), f(). Streams:
 * f(InputStream, OutputStream, Context) and what is left of that without one or two of them, the
 * context alone apart.
 */
final class Signature {
    private final Method method;
    private final boolean stream;

    private Signature(Method method, boolean stream) {
        this.method = method;
        this.stream = stream;
    }

    /**
     * Of overloads the one with the most parameters, then the one whose last is the context
     * (spec/lambda-ipc.md §5.1). With binary encoding only those with streams count; with JSON
     * they count when there are no others.
     */
    static Signature choose(Class<?> type, String name, boolean binary)
            throws InvalidHandlerException {
        List<Signature> json = new ArrayList<>();
        List<Signature> streams = new ArrayList<>();
        collect(type, name, false, json, streams);
        if (json.isEmpty() && streams.isEmpty()) {
            collect(type, name, true, json, streams);
        }
        List<Signature> all = binary || json.isEmpty() ? streams : json;
        if (all.isEmpty()) {
            throw new InvalidHandlerException(type.getName() + " has no public method " + name
                    + (binary ? " with streams, which binary encoding needs, such as (InputStream,"
                                        + " OutputStream, Context)"
                              : " that takes an event, a Context, both or nothing"));
        }
        Signature best = all.get(0);
        for (Signature other : all) {
            if (other.rank() > best.rank()) {
                best = other;
            }
        }
        return best;
    }

    Method method() {
        return method;
    }

    boolean isStream() {
        return stream;
    }

    private int rank() {
        return 2 * method.getParameterCount() + (endsWithContext() ? 1 : 0);
    }

    private boolean endsWithContext() {
        Class<?>[] types = method.getParameterTypes();
        return types.length != 0 && types[types.length - 1] == Context.class;
    }

    private static void collect(Class<?> type, String name, boolean bridges, List<Signature> json,
            List<Signature> streams) {
        for (Method found : type.getMethods()) {
            if (found.getName().equals(name) && found.isBridge() == bridges) {
                Method method = bridges ? bridged(found) : found;
                if (takesStreams(method)) {
                    streams.add(new Signature(method, true));
                } else if (takesValues(method)) {
                    json.add(new Signature(method, false));
                }
            }
        }
    }

    // A public class gives on what it inherits from one that is not by a bridge, which knows no
    // generic types.
    private static Method bridged(Method bridge) {
        Class<?> type = bridge.getDeclaringClass().getSuperclass();
        for (; type != null; type = type.getSuperclass()) {
            try {
                Method method = type.getDeclaredMethod(
                        bridge.getName(), bridge.getParameterTypes());
                if (!method.isBridge()) {
                    return method;
                }
            } catch (NoSuchMethodException above) {
                // The next one.
            }
        }
        return bridge;
    }

    private static boolean takesValues(Method method) {
        Class<?>[] types = method.getParameterTypes();
        return types.length < 2 || types.length == 2 && types[1] == Context.class;
    }

    private static boolean takesStreams(Method method) {
        Class<?>[] types = method.getParameterTypes();
        int at = 0;
        at += at < types.length && types[at] == InputStream.class ? 1 : 0;
        at += at < types.length && types[at] == OutputStream.class ? 1 : 0;
        boolean any = at > 0;
        at += at < types.length && types[at] == Context.class ? 1 : 0;
        return any && at == types.length;
    }
}
