package com.amazonaws.greengrass.javasdk.model;

/** What getThingShadow needs: the thing's name. */
public class GetThingShadowRequest {
    private String thingName;

    public String getThingName() {
        return thingName;
    }

    public void setThingName(String thingName) {
        this.thingName = thingName;
    }

    public GetThingShadowRequest withThingName(String thingName) {
        setThingName(thingName);
        return this;
    }
}
