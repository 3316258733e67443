package com.amazonaws.greengrass.javasdk.model;

/** What deleteThingShadow needs: the thing's name. */
public class DeleteThingShadowRequest {
    private String thingName;

    public String getThingName() {
        return thingName;
    }

    public void setThingName(String thingName) {
        this.thingName = thingName;
    }

    public DeleteThingShadowRequest withThingName(String thingName) {
        setThingName(thingName);
        return this;
    }
}
