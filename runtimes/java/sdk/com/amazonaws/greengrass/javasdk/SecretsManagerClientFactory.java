package com.amazonaws.greengrass.javasdk;

/** Makes {@link SecretsManagerClient}. */
public class SecretsManagerClientFactory implements ClientFactory {
    @Override
    public SecretsManagerClient build() {
        return new SecretsManagerClient();
    }
}
