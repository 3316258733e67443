package evergrass.log;

import com.amazonaws.greengrass.common.LogLevel;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;

/** What the function prints: System.out is INFO and System.err ERROR, both UTF-8. */
public final class Printed {
    private final LineStream out = new LineStream(LogLevel.INFO);
    private final LineStream err = new LineStream(LogLevel.ERROR);

    private Printed() {}

    /** Replaces System.out and System.err; the function may replace them in turn. */
    public static Printed install() {
        final Printed printed = new Printed();
        System.setOut(printer(printed.out));
        System.setErr(printer(printed.err));
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                printed.endLines();
            }
        });
        return printed;
    }

    /** Ends lines that were begun. */
    public void endLines() {
        out.endLine();
        err.endLine();
    }

    private static PrintStream printer(LineStream stream) {
        try {
            return new PrintStream(stream, false, "UTF-8");
        } catch (UnsupportedEncodingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
