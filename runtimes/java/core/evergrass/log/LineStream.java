package evergrass.log;

import com.amazonaws.greengrass.common.LogLevel;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Leads what is printed to the pipe of a level, whole lines at once: those of several threads and
 * of loggers do not mix. The beginning of a line waits for its end, whatever is flushed.
 */
final class LineStream extends OutputStream {
    private static final int MOST_HELD = 64 * 1024;

    private final LogLevel level;
    private byte[] held = new byte[256];
    private int size = 0;

    LineStream(LogLevel level) {
        this.level = level;
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

    /** Ends the line that was begun, if there is one. */
    synchronized void endLine() {
        if (size != 0) {
            write('\n');
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
