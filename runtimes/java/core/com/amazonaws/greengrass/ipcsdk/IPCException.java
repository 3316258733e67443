package com.amazonaws.greengrass.ipcsdk;

/** The core refused a request, or could not be reached; the cause, never null, says why. */
public class IPCException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int statusCode;

    /** @param statusCode what the core answered; 0 when there was no answer */
    public IPCException(int statusCode, Throwable cause) {
        super(cause.getMessage(), cause);
        this.statusCode = statusCode;
    }

    /** 0 when there was no answer. */
    public int getStatusCode() {
        return statusCode;
    }
}
