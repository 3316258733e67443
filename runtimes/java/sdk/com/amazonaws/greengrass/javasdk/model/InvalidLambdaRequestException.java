package com.amazonaws.greengrass.javasdk.model;

/** The request lacks something, or contradicts itself. */
public class InvalidLambdaRequestException extends GGLambdaException {
    private static final long serialVersionUID = 1L;

    public InvalidLambdaRequestException(String message) {
        super(message);
    }

    public InvalidLambdaRequestException(String message, Throwable cause) {
        super(message, cause);
    }
}
