package com.amazonaws.greengrass.javasdk.model;

/** A shadow could not be asked for or changed, or a message not be published. */
public class GGIotDataException extends Exception {
    private static final long serialVersionUID = 1L;

    public GGIotDataException(String message) {
        super(message);
    }

    public GGIotDataException(String message, Throwable cause) {
        super(message, cause);
    }
}
