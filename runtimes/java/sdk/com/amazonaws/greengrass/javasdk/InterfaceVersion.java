package com.amazonaws.greengrass.javasdk;

/** Of the contract between SDK and core (spec/lambda-ipc.md §4.3). */
public final class InterfaceVersion {
    public static final String INTERFACE_VERSION = "1.5";

    private InterfaceVersion() {}
}
