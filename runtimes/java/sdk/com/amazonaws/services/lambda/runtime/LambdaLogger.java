package com.amazonaws.services.lambda.runtime;

/** Writes INFO lines to the function's log. */
public interface LambdaLogger {
    void log(String message);

    /** The message is UTF-8. */
    void log(byte[] message);
}
