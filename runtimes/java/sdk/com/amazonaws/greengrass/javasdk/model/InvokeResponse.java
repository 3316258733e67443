package com.amazonaws.greengrass.javasdk.model;

import java.nio.ByteBuffer;

/** What an invoked function answered. */
public class InvokeResponse {
    private int statusCode;
    private ByteBuffer payload;
    private String functionErr;

    /** 202 for an Event. */
    public int getStatusCode() {
        return statusCode;
    }

    public void setStatusCode(int statusCode) {
        this.statusCode = statusCode;
    }

    /** The result, or an error in JSON. Empty for an Event. */
    public ByteBuffer getPayload() {
        return payload;
    }

    public void setPayload(ByteBuffer payload) {
        this.payload = payload;
    }

    /** "Handled" or "Unhandled"; null when the function succeeded. */
    public String getFunctionErr() {
        return functionErr;
    }

    public void setFunctionErr(String functionErr) {
        this.functionErr = functionErr;
    }
}
