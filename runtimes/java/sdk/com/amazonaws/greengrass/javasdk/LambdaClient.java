package com.amazonaws.greengrass.javasdk;

import com.amazonaws.greengrass.common.FunctionArnFields;
import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.common.InvalidArnException;
import com.amazonaws.greengrass.ipcsdk.DefaultIPCClient;
import com.amazonaws.greengrass.ipcsdk.IPCClient;
import com.amazonaws.greengrass.ipcsdk.IPCException;
import com.amazonaws.greengrass.ipcsdk.WorkResult;
import com.amazonaws.greengrass.javasdk.model.GGLambdaException;
import com.amazonaws.greengrass.javasdk.model.InvalidLambdaRequestException;
import com.amazonaws.greengrass.javasdk.model.InvocationType;
import com.amazonaws.greengrass.javasdk.model.InvokeRequest;
import com.amazonaws.greengrass.javasdk.model.InvokeResponse;
import java.nio.ByteBuffer;
import java.util.Base64;

/** Invokes other functions of the group. Any thread may call it. */
public class LambdaClient extends GGClient {
    private static final int ACCEPTED = 202;

    private final IPCClient ipc;
    private final GreengrassLogger log;

    public LambdaClient() {
        this(new DefaultIPCClient());
    }

    public LambdaClient(IPCClient ipc) {
        this(ipc, new GreengrassLogger());
    }

    protected LambdaClient(IPCClient ipc, GreengrassLogger log) {
        this.ipc = ipc;
        this.log = log;
    }

    /**
     * Waits for the result unless the type is Event. A function that fails is no exception:
     * {@link InvokeResponse#getFunctionErr()} tells.
     */
    public InvokeResponse invoke(InvokeRequest request) throws GGLambdaException {
        String arn = targetOf(request);
        boolean event = request.getInvocationType() == InvocationType.Event;
        log.debug("Invoking " + arn);
        String id;
        try {
            id = ipc.postWork(arn, event ? "Event" : "RequestResponse",
                    Buffers.bytes(request.getPayload()), request.getClientContext());
        } catch (IPCException error) {
            throw new GGLambdaException(
                    "Failed to invoke " + arn + ": " + error.getMessage(), error);
        }
        InvokeResponse response = new InvokeResponse();
        if (event) {
            response.setStatusCode(ACCEPTED);
            response.setPayload(ByteBuffer.allocate(0));
            return response;
        }
        try {
            WorkResult result = ipc.getWorkResult(arn, id);
            response.setStatusCode(result.getStatusCode());
            response.setPayload(ByteBuffer.wrap(result.getPayload()));
            response.setFunctionErr(result.getFunctionErr());
            return response;
        } catch (IPCException error) {
            throw new GGLambdaException(
                    "Failed to get the result of " + arn + ": " + error.getMessage(), error);
        }
    }

    private static String targetOf(InvokeRequest request) throws InvalidLambdaRequestException {
        if (request == null || request.getFunctionArn() == null) {
            throw new InvalidLambdaRequestException("Function ARN is a required parameter");
        }
        checkClientContext(request.getClientContext());
        String arn = request.getFunctionArn();
        String wanted = request.getQualifier();
        try {
            String named = FunctionArnFields.fromString(arn).getQualifier();
            if (wanted == null || wanted.isEmpty() || wanted.equals(named)) {
                return arn;
            }
            if (named == null) {
                return arn + ":" + wanted;
            }
        } catch (InvalidArnException wrong) {
            throw new InvalidLambdaRequestException(
                    "Function ARN " + arn + " is invalid: " + wrong.getMessage(), wrong);
        }
        throw new InvalidLambdaRequestException(
                "Qualifier " + wanted + " does not match the function ARN " + arn);
    }

    private static void checkClientContext(String context) throws InvalidLambdaRequestException {
        try {
            if (context != null && !context.isEmpty()) {
                Base64.getDecoder().decode(context);
            }
        } catch (IllegalArgumentException wrong) {
            throw new InvalidLambdaRequestException(
                    "Client context '" + context + "' is not Base64: " + wrong.getMessage(), wrong);
        }
    }
}
