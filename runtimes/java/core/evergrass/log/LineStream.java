package evergrass.log;

import com.amazonaws.greengrass.common.LogLevel;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.util.Arrays;

/**
 * Leads what is printed to the pipe of a level, whole lines at once: those of several threads and
 * processes do not mix. The rest of a line goes out by flush().
 */
public final class LineStream extends OutputStream {
    private static final int MOST_HELD = 64 * 1024;

    private final LogLevel level;
    private byte[] held = new byte[256];
    private int size = 0;

    private LineStream(LogLevel level) {
        this.level = level;
    }

    /** System.out becomes INFO and System.err ERROR, both UTF-8. */
    public static void install() {
        System.setOut(printer(LogLevel.INFO));
        System.setErr(printer(LogLevel.ERROR));
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                System.out.flush();
                System.err.flush();
            }
        });
    }

    private static PrintStream printer(LogLevel level) {
        try {
            return new PrintStream(new LineStream(level), false, "UTF-8");
        } catch (UnsupportedEncodingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public synchronized void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] data, int offset, int length) {
        if (size + length > held.length) {
            held = Arrays.copyOf(held, Math.max(size + length, 2 * held.length));
        }
        System.arraycopy(data, offset, held, size, length);
        size += length;
        int end = lastLineEnd(size - length);
        if (end != 0) {
            send(end);
        } else if (size > MOST_HELD) {
            send(size);
        }
    }

    @Override
    public synchronized void flush() {
        if (size != 0) {
            send(size);
        }
    }

    // Behind the last line's end from `from` on; 0: there is none.
    private int lastLineEnd(int from) {
        for (int i = size; i > from; --i) {
            if (held[i - 1] == '\n') {
                return i;
            }
        }
        return 0;
    }

    private void send(int length) {
        LogPipes.write(level, held, 0, length);
        System.arraycopy(held, length, held, 0, size - length);
        size -= length;
        if (held.length > 4 * MOST_HELD) {
            held = Arrays.copyOf(held, Math.max(size, 256));
        }
    }
}
