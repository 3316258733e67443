package com.amazonaws.greengrass.javasdk.model;

import java.nio.ByteBuffer;

/** What the shadow service answered. */
public class DeleteThingShadowResult {
    private ByteBuffer payload;

    /** JSON; an error is an object with "code" and "message". */
    public ByteBuffer getPayload() {
        return payload;
    }

    public void setPayload(ByteBuffer payload) {
        this.payload = payload;
    }
}
