package com.amazonaws.greengrass.ipcsdk;

/** What an invoked function answered. */
public class WorkResult {
    private final byte[] payload;
    private final int statusCode;
    private final String functionErr;

    public WorkResult(byte[] payload, int statusCode, String functionErr) {
        this.payload = payload;
        this.statusCode = statusCode;
        this.functionErr = functionErr;
    }

    public byte[] getPayload() {
        return payload;
    }

    public int getStatusCode() {
        return statusCode;
    }

    /** "Handled" or "Unhandled"; null when the function succeeded. */
    public String getFunctionErr() {
        return functionErr;
    }
}
