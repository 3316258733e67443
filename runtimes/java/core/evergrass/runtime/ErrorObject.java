package evergrass.runtime;

import evergrass.json.Beans;
import evergrass.json.JsonException;
import evergrass.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON text that an invoker gets for an exception of the handler. */
final class ErrorObject {
    private static final int MOST_CAUSES = 10;
    private static final String OURS = "evergrass.runtime.";

    private ErrorObject() {}

    static byte[] of(Throwable error) {
        try {
            return JsonWriter.write(fields(error, MOST_CAUSES), new Beans());
        } catch (JsonException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Map<String, Object> fields(Throwable error, int causes) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("errorMessage", message(error));
        fields.put("errorType", error.getClass().getName());
        fields.put("stackTrace", frames(error.getStackTrace()));
        if (error.getCause() != null && causes > 0) {
            fields.put("cause", fields(error.getCause(), causes - 1));
        }
        return fields;
    }

    // The exception is the function's own, and so may be what this throws.
    private static String message(Throwable error) {
        try {
            return error.getMessage();
        } catch (RuntimeException own) {
            return error.getClass().getName();
        }
    }

    // Without those of the runtime, and of the reflection by which it calls.
    private static List<String> frames(StackTraceElement[] all) {
        int end = 0;
        while (end < all.length && !all[end].getClassName().startsWith(OURS)) {
            ++end;
        }
        while (end > 0 && end < all.length && isReflection(all[end - 1].getClassName())) {
            --end;
        }
        List<String> frames = new ArrayList<>();
        for (int i = 0; i < end; ++i) {
            frames.add(all[i].toString());
        }
        return frames;
    }

    private static boolean isReflection(String name) {
        return name.startsWith("java.lang.reflect.") || name.startsWith("java.lang.invoke.")
                || name.startsWith("jdk.internal.reflect.") || name.startsWith("sun.reflect.");
    }
}
