package com.amazonaws.greengrass.ipcsdk;

/** How an SDK reaches other functions and the core's services (spec/lambda-ipc.md §2.3). */
public interface IPCClient {
    /**
     * Invokes a function.
     *
     * @param invocationType "Event" or "RequestResponse"
     * @param clientContext JSON in Base64; null or empty for none
     * @return the id of the invocation, for getWorkResult
     * @throws IPCException when the core refuses or cannot be reached
     */
    String postWork(String functionArn, String invocationType, byte[] payload, String clientContext)
            throws IPCException;

    /** Waits for the result of postWork with "RequestResponse", for as long as it takes. */
    WorkResult getWorkResult(String functionArn, String invocationId) throws IPCException;
}
