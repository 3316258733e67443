package com.amazonaws.greengrass.javasdk.model;

/** The core has no such secret (status 404). */
public class SecretResourceNotFoundException extends GGSecretsManagerException {
    private static final long serialVersionUID = 1L;

    public SecretResourceNotFoundException(String message) {
        super(message);
    }

    public SecretResourceNotFoundException(String message, Throwable cause) {
        super(message, cause);
    }
}
