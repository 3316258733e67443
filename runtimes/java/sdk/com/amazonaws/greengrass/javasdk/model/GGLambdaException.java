package com.amazonaws.greengrass.javasdk.model;

/** An invocation could not be made, or its result not be had. */
public class GGLambdaException extends Exception {
    private static final long serialVersionUID = 1L;

    public GGLambdaException(String message) {
        super(message);
    }

    public GGLambdaException(String message, Throwable cause) {
        super(message, cause);
    }
}
