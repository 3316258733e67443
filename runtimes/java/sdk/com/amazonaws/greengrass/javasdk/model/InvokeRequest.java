package com.amazonaws.greengrass.javasdk.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** An invocation of another function of the group. Its ARN is required. */
public class InvokeRequest {
    private String functionArn;
    private InvocationType invocationType;
    private String clientContext;
    private ByteBuffer payload;
    private String qualifier;

    /** With the version, or without it and the version as the qualifier. */
    public String getFunctionArn() {
        return functionArn;
    }

    public void setFunctionArn(String functionArn) {
        this.functionArn = functionArn;
    }

    public InvokeRequest withFunctionArn(String functionArn) {
        setFunctionArn(functionArn);
        return this;
    }

    /** Null: RequestResponse. */
    public InvocationType getInvocationType() {
        return invocationType;
    }

    public void setInvocationType(InvocationType invocationType) {
        this.invocationType = invocationType;
    }

    public InvokeRequest withInvocationType(InvocationType invocationType) {
        setInvocationType(invocationType);
        return this;
    }

    /** JSON in Base64: {"custom":{...}}. */
    public String getClientContext() {
        return clientContext;
    }

    public void setClientContext(String clientContext) {
        this.clientContext = clientContext;
    }

    public InvokeRequest withClientContext(String clientContext) {
        setClientContext(clientContext);
        return this;
    }

    public ByteBuffer getPayload() {
        return payload;
    }

    public void setPayload(ByteBuffer payload) {
        this.payload = payload;
    }

    public InvokeRequest withPayload(ByteBuffer payload) {
        setPayload(payload);
        return this;
    }

    /** The version; must be that of the ARN when both name one. */
    public String getQualifier() {
        return qualifier;
    }

    public void setQualifier(String qualifier) {
        this.qualifier = qualifier;
    }

    public InvokeRequest withQualifier(String qualifier) {
        setQualifier(qualifier);
        return this;
    }

    /** Sends the text as UTF-8. */
    public void setPayload(String payload) {
        this.payload = ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));
    }

    public InvokeRequest withPayload(String payload) {
        setPayload(payload);
        return this;
    }
}
