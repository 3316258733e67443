package evergrass.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** A handler that reads its input and writes its result; what it returns does not count. */
final class StreamHandler implements Handler {
    private final Object target;
    private final Method method;

    StreamHandler(Object target, Signature signature) {
        this.target = target;
        method = signature.method();
    }

    @Override
    public byte[] handle(byte[] input, InvocationContext context) throws Throwable {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; ++i) {
            arguments[i] = types[i] == InputStream.class ? new ByteArrayInputStream(input)
                    : types[i] == Context.class ? context : result;
        }
        try {
            method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
        return result.toByteArray();
    }
}
