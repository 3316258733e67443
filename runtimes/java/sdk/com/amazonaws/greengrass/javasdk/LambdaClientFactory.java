package com.amazonaws.greengrass.javasdk;

/** Makes {@link LambdaClient}. */
public class LambdaClientFactory implements ClientFactory {
    @Override
    public LambdaClient build() {
        return new LambdaClient();
    }
}
