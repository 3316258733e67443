package com.amazonaws.services.lambda.runtime;

/** Who invoked; a Greengrass core does not tell. */
public interface CognitoIdentity {
    String getIdentityId();

    String getIdentityPoolId();
}
