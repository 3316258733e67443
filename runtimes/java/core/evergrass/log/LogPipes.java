package evergrass.log;

import com.amazonaws.greengrass.common.LogLevel;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.util.Arrays;

/**
 * Where a function's log lines go: one pipe to the core for each level. The core puts time and
 * level in front of each line (spec/lambda-ipc.md §6.1). Any thread may call it. What cannot be
 * written is lost: a log line must not end the function.
 */
public final class LogPipes {
    private static final LogLevel LEAST = leastLevel();
    private static final OutputStream[] PIPES = openAll();

    private LogPipes() {}

    /** Bytes as they are. */
    public static void write(LogLevel level, byte[] data, int offset, int length) {
        if (level.compareTo(LEAST) < 0) {
            return;
        }
        OutputStream pipe = PIPES[level.ordinal()];
        synchronized (pipe) { // a pipe keeps writes of more than 4 KiB apart only so
            try {
                pipe.write(data, offset, length);
            } catch (IOException gone) {
                // The core has closed its end.
            }
        }
    }

    public static void writeLine(LogLevel level, byte[] line) {
        if (line.length != 0 && line[line.length - 1] == '\n') {
            write(level, line, 0, line.length);
            return;
        }
        byte[] whole = Arrays.copyOf(line, line.length + 1);
        whole[line.length] = '\n';
        write(level, whole, 0, whole.length);
    }

    // The function may have set the variable for itself: a word that is no level counts as INFO.
    private static LogLevel leastLevel() {
        String name = System.getenv("LOG_LEVEL");
        for (LogLevel level : LogLevel.values()) {
            if (level.name().equalsIgnoreCase(name)) {
                return level;
            }
        }
        return LogLevel.INFO;
    }

    private static OutputStream[] openAll() {
        LogLevel[] levels = LogLevel.values();
        OutputStream[] all = new OutputStream[levels.length];
        for (LogLevel level : levels) {
            all[level.ordinal()] = open(System.getenv("_GG_LOG_FD_" + level));
        }
        return all;
    }

    private static OutputStream open(String number) {
        if ("1".equals(number)) {
            return new FileOutputStream(FileDescriptor.out);
        }
        if (number == null || number.equals("2")) {
            return new FileOutputStream(FileDescriptor.err);
        }
        try { // Java knows no descriptor that it was started with, 0 to 2 apart
            return new FileOutputStream("/proc/self/fd/" + number);
        } catch (IOException noProc) {
            return openByNumber(number);
        }
    }

    // From Java 9 on this needs --add-opens java.base/java.io=ALL-UNNAMED, which costs every start
    // 20 ms.
    private static OutputStream openByNumber(String number) {
        try {
            Constructor<FileDescriptor> made =
                    FileDescriptor.class.getDeclaredConstructor(int.class);
            made.setAccessible(true);
            return new FileOutputStream(made.newInstance(Integer.parseInt(number)));
        } catch (ReflectiveOperationException | RuntimeException refused) {
            return new FileOutputStream(FileDescriptor.err);
        }
    }
}
