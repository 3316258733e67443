package evergrass.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import evergrass.json.Beans;
import evergrass.json.JsonBinder;
import evergrass.json.JsonException;
import evergrass.json.JsonReader;
import evergrass.json.JsonWriter;
import evergrass.json.Types;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;

/** A handler that takes a value and returns one. */
final class JsonHandler implements Handler {
    private static final byte[] EMPTY_OBJECT = "{}".getBytes(StandardCharsets.UTF_8);

    private final Beans beans = new Beans();
    private final JsonBinder binder = new JsonBinder(beans);
    private final Object target;
    private final Method method;
    private final Types event; // null: it takes none

    JsonHandler(Class<?> type, Object target, Signature signature) {
        this.target = target;
        method = signature.method();
        boolean takesEvent =
                method.getParameterCount() != 0 && method.getParameterTypes()[0] != Context.class;
        event = takesEvent ? Types.of(type).member(method.getGenericParameterTypes()[0]) : null;
    }

    @Override
    public byte[] handle(byte[] input, InvocationContext context) throws Throwable {
        Object[] arguments = new Object[method.getParameterCount()];
        if (event != null) {
            arguments[0] = read(input);
        }
        if (arguments.length > (event == null ? 0 : 1)) {
            arguments[arguments.length - 1] = context;
        }
        try {
            return JsonWriter.write(method.invoke(target, arguments), beans);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    // An empty input is an object without fields, as for the other languages.
    private Object read(byte[] input) throws JsonException {
        Object value;
        try {
            value = JsonReader.read(input.length == 0 ? EMPTY_OBJECT : input);
        } catch (JsonException wrong) {
            throw new JsonException("the input could not be parsed as JSON: " + wrong.getMessage());
        }
        try {
            return binder.bind(value, event);
        } catch (JsonException wrong) {
            if (input.length == 0) {
                return binder.bind(null, event);
            }
            throw new JsonException("the input does not fit " + event.raw().getName() + ": "
                    + wrong.getMessage(), wrong.getCause());
        }
    }
}
