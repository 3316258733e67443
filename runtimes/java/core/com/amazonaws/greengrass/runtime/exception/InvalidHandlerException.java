package com.amazonaws.greengrass.runtime.exception;

/** The function's handler cannot be run; the message says why. */
public class InvalidHandlerException extends Exception {
    private static final long serialVersionUID = 1L;

    public InvalidHandlerException(String message) {
        super(message);
    }

    public InvalidHandlerException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Without the package: it is a line for the function's owner. */
    @Override
    public String toString() {
        return "InvalidHandlerException: " + getMessage();
    }
}
