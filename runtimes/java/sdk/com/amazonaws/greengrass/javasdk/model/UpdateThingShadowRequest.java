package com.amazonaws.greengrass.javasdk.model;

import java.nio.ByteBuffer;

/** What updateThingShadow needs: both. */
public class UpdateThingShadowRequest {
    private String thingName;
    private ByteBuffer payload;

    public String getThingName() {
        return thingName;
    }

    public void setThingName(String thingName) {
        this.thingName = thingName;
    }

    public UpdateThingShadowRequest withThingName(String thingName) {
        setThingName(thingName);
        return this;
    }

    /** A shadow document in JSON: {"state":{...}}. */
    public ByteBuffer getPayload() {
        return payload;
    }

    public void setPayload(ByteBuffer payload) {
        this.payload = payload;
    }

    public UpdateThingShadowRequest withPayload(ByteBuffer payload) {
        setPayload(payload);
        return this;
    }
}
