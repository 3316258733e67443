package com.amazonaws.greengrass.common;

import evergrass.log.LogPipes;
import java.nio.charset.StandardCharsets;

/** Writes lines to the function's log; those below the function's level are left out. */
public class GreengrassLogger {
    public GreengrassLogger() {}

    public void trace(String message) {
        log(message, LogLevel.TRACE);
    }

    public void debug(String message) {
        log(message, LogLevel.DEBUG);
    }

    public void info(String message) {
        log(message, LogLevel.INFO);
    }

    public void warn(String message) {
        log(message, LogLevel.WARN);
    }

    public void error(String message) {
        log(message, LogLevel.ERROR);
    }

    public void fatal(String message) {
        log(message, LogLevel.FATAL);
    }

    public void log(String message) {
        log(message, LogLevel.INFO);
    }

    public void log(String message, LogLevel level) {
        log(String.valueOf(message).getBytes(StandardCharsets.UTF_8), level);
    }

    /** The message is UTF-8; its line's end is added when it has none. */
    public void log(byte[] message, LogLevel level) {
        LogPipes.writeLine(level, message);
    }
}
