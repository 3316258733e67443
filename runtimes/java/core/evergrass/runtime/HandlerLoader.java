package evergrass.runtime;

import com.amazonaws.greengrass.runtime.exception.InvalidHandlerException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/** From the text "package.Class::method" to the handler (spec/lambda-ipc.md §5.1). */
final class HandlerLoader {
    private static final String SEPARATOR = "::";
    private static final String USUAL_METHOD = "handleRequest";

    private HandlerLoader() {}

    /** Loads the class, runs its static initializers and makes one object of it. */
    static Handler load(String name, boolean binary) throws InvalidHandlerException {
        int separator = name.indexOf(SEPARATOR);
        String className = separator < 0 ? name : name.substring(0, separator);
        String methodName =
                separator < 0 ? USUAL_METHOD : name.substring(separator + SEPARATOR.length());
        if (className.isEmpty() || methodName.isEmpty()) {
            throw new InvalidHandlerException(
                    "the handler '" + name + "' is not of the form package.Class::method");
        }
        Class<?> type = find(className);
        Signature signature = Signature.choose(type, methodName, binary);
        Method method = signature.method();
        method.setAccessible(true); // the class need not be public
        Object target = Modifier.isStatic(method.getModifiers()) ? null : construct(type);
        return signature.isStream() ? new StreamHandler(target, signature)
                                    : new JsonHandler(type, target, signature);
    }

    private static Class<?> find(String name) throws InvalidHandlerException {
        try {
            return Class.forName(name, true, ClassLoader.getSystemClassLoader());
        } catch (ClassNotFoundException none) {
            throw new InvalidHandlerException("Handler class was not found: " + name, none);
        } catch (NoClassDefFoundError error) {
            if (String.valueOf(error.getMessage()).contains("wrong name")) { // a/b.class for B
                throw new InvalidHandlerException("Handler class was not found: " + name, error);
            }
            throw error;
        } catch (ExceptionInInitializerError error) {
            throw new InvalidHandlerException(
                    "the static initializer of " + name + " failed: " + error.getCause(), error);
        }
    }

    private static Object construct(Class<?> type) throws InvalidHandlerException {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (NoSuchMethodException none) {
            throw new InvalidHandlerException(
                    type.getName() + " has no constructor without parameters", none);
        } catch (InvocationTargetException thrown) {
            throw new InvalidHandlerException(
                    "the constructor of " + type.getName() + " failed: " + thrown.getCause(),
                    thrown.getCause());
        } catch (ReflectiveOperationException refused) {
            throw new InvalidHandlerException(
                    "no " + type.getName() + " can be made: " + refused, refused);
        }
    }
}
