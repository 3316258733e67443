package com.amazonaws.greengrass.ipcsdk;

/** One invocation of this function. */
public class WorkItem {
    private final String invocationId;
    private final byte[] payload;
    private final String clientContext;

    public WorkItem(String invocationId, byte[] payload, String clientContext) {
        this.invocationId = invocationId;
        this.payload = payload;
        this.clientContext = clientContext;
    }

    public String getInvocationId() {
        return invocationId;
    }

    public byte[] getPayload() {
        return payload;
    }

    /** JSON in Base64; null when the invoker sent none. */
    public String getClientContext() {
        return clientContext;
    }
}
