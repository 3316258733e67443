package com.amazonaws.services.lambda.runtime;

/**
 * One invocation. The interfaces of this package stand in for those of aws-lambda-java-core where a
 * function's package does not bring them.
 */
public interface Context {
    String getAwsRequestId();

    /** Null on a Greengrass core. */
    String getLogGroupName();

    /** Null on a Greengrass core. */
    String getLogStreamName();

    String getFunctionName();

    String getFunctionVersion();

    String getInvokedFunctionArn();

    /** Null on a Greengrass core. */
    CognitoIdentity getIdentity();

    ClientContext getClientContext();

    int getRemainingTimeInMillis();

    int getMemoryLimitInMB();

    LambdaLogger getLogger();
}
