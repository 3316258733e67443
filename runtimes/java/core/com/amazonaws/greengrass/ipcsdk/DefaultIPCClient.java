package com.amazonaws.greengrass.ipcsdk;

import com.amazonaws.greengrass.common.EnvVars;
import evergrass.ipc.Answer;
import evergrass.ipc.ConnectionPool;
import evergrass.ipc.Request;
import java.io.IOException;

/**
 * Talks to the core over connections that all clients of the process share. Any thread may call
 * it. No call has a time limit.
 */
public class DefaultIPCClient implements IPCClient {
    private static final String FUNCTIONS = "/2016-11-01/functions/";
    private static final String ROUTER_ARN = "arn:aws:lambda:::function:GGRouter";
    private static final String INVOCATION_ID = "X-Amz-InvocationId";
    private static final String CLIENT_CONTEXT = "X-Amz-Client-Context";
    private static final String FUNCTION_ERROR = "X-Amz-Function-Error";

    public DefaultIPCClient() {}

    /** SDKs before 1.5 ask for localhost and 8000; the core is where its variables say. */
    public DefaultIPCClient(String host, int port) {}

    @Override
    public String postWork(String functionArn, String invocationType, byte[] payload,
            String clientContext) throws IPCException {
        Request request = post(functionArn, "", payload);
        request.header(CLIENT_CONTEXT, clientContext == null ? "" : clientContext);
        request.header("X-Amz-Invocation-Type",
                invocationType == null ? "RequestResponse" : invocationType);
        return send(request).header(INVOCATION_ID);
    }

    @Override
    public WorkResult getWorkResult(String functionArn, String invocationId) throws IPCException {
        if (ROUTER_ARN.equals(functionArn)) { // it has nothing to say
            return new WorkResult(new byte[0], 200, null);
        }
        Request request = get(functionArn, "");
        request.header(INVOCATION_ID, invocationId);
        Answer answer = send(request);
        String error = answer.header(FUNCTION_ERROR);
        return new WorkResult(answer.body(), answer.status(),
                error == null || error.isEmpty() ? null : error);
    }

    /** Waits for the next invocation of this function. */
    public WorkItem getWork(String functionArn) throws IPCException {
        Answer answer = send(get(functionArn, "/work"));
        return new WorkItem(answer.header(INVOCATION_ID), answer.body(),
                answer.header(CLIENT_CONTEXT));
    }

    public void postWorkResult(String functionArn, String invocationId, byte[] result)
            throws IPCException {
        Request request = post(functionArn, "/work", result);
        request.header(INVOCATION_ID, invocationId);
        send(request);
    }

    /** @param error an object in JSON (spec/lambda-ipc.md §5.4) */
    public void postHandlerError(String functionArn, String invocationId, byte[] error)
            throws IPCException {
        Request request = post(functionArn, "/work", error);
        request.header(INVOCATION_ID, invocationId);
        request.header(FUNCTION_ERROR, "Handled");
        send(request);
    }

    private static Request get(String functionArn, String suffix) {
        return new Request("GET", FUNCTIONS + functionArn + suffix, new byte[0]);
    }

    private static Request post(String functionArn, String suffix, byte[] body) {
        return new Request("POST", FUNCTIONS + functionArn + suffix,
                body == null ? new byte[0] : body);
    }

    private static Answer send(Request request) throws IPCException {
        try {
            request.header("Authorization", EnvVars.AUTH_TOKEN == null ? "" : EnvVars.AUTH_TOKEN);
            Answer answer = ConnectionPool.ofProcess().send(request);
            if (answer.status() >= 400) {
                throw new IPCException(answer.status(), new IOException(answer.refusal()));
            }
            return answer;
        } catch (IOException error) {
            throw new IPCException(0, error);
        }
    }
}
