package evergrass.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;

/** The text of an exception with its frames and causes. */
public final class Stack {
    private Stack() {}

    public static String of(Throwable error) {
        StringWriter text = new StringWriter();
        try {
            error.printStackTrace(new PrintWriter(text, true));
        } catch (RuntimeException own) { // of an exception that the function made
            return error.getClass().getName();
        }
        return text.toString();
    }
}
