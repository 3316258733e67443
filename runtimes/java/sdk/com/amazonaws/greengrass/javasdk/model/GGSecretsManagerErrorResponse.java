package com.amazonaws.greengrass.javasdk.model;

/** How the core tells that it does not give a secret. */
public class GGSecretsManagerErrorResponse {
    private int status;
    private String message;

    /** As of HTTP. */
    public int getStatus() {
        return status;
    }

    public void setStatus(int status) {
        this.status = status;
    }

    public String getMessage() {
        return message;
    }

    public void setMessage(String message) {
        this.message = message;
    }
}
