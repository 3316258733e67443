package com.amazonaws.greengrass.javasdk;

import com.amazonaws.greengrass.common.EnvVars;
import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.javasdk.model.DeleteThingShadowRequest;
import com.amazonaws.greengrass.javasdk.model.DeleteThingShadowResult;
import com.amazonaws.greengrass.javasdk.model.GGIotDataException;
import com.amazonaws.greengrass.javasdk.model.GGLambdaException;
import com.amazonaws.greengrass.javasdk.model.GetThingShadowRequest;
import com.amazonaws.greengrass.javasdk.model.GetThingShadowResult;
import com.amazonaws.greengrass.javasdk.model.InvalidIotDataRequestException;
import com.amazonaws.greengrass.javasdk.model.InvocationType;
import com.amazonaws.greengrass.javasdk.model.InvokeRequest;
import com.amazonaws.greengrass.javasdk.model.PublishRequest;
import com.amazonaws.greengrass.javasdk.model.PublishResult;
import com.amazonaws.greengrass.javasdk.model.UpdateThingShadowRequest;
import com.amazonaws.greengrass.javasdk.model.UpdateThingShadowResult;
import evergrass.json.Beans;
import evergrass.json.JsonException;
import evergrass.json.JsonWriter;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Publishes messages and asks for local shadows. Any thread may call it. */
public class IotDataClient extends GGClient {
    private final LambdaClient lambda;
    private final GreengrassLogger log;

    public IotDataClient() {
        this(new LambdaClient());
    }

    public IotDataClient(LambdaClient lambda) {
        this(lambda, new GreengrassLogger());
    }

    protected IotDataClient(LambdaClient lambda, GreengrassLogger log) {
        this.lambda = lambda;
        this.log = log;
    }

    /** An error of the shadow service is in the result's payload. */
    public GetThingShadowResult getThingShadow(GetThingShadowRequest request)
            throws GGIotDataException {
        GetThingShadowResult result = new GetThingShadowResult();
        result.setPayload(askShadow("get", request.getThingName(), ByteBuffer.allocate(0)));
        return result;
    }

    /** As getThingShadow. */
    public UpdateThingShadowResult updateThingShadow(UpdateThingShadowRequest request)
            throws GGIotDataException {
        require(request.getPayload(), "Payload");
        UpdateThingShadowResult result = new UpdateThingShadowResult();
        result.setPayload(askShadow("update", request.getThingName(), request.getPayload()));
        return result;
    }

    /** As getThingShadow. */
    public DeleteThingShadowResult deleteThingShadow(DeleteThingShadowRequest request)
            throws GGIotDataException {
        DeleteThingShadowResult result = new DeleteThingShadowResult();
        result.setPayload(askShadow("delete", request.getThingName(), ByteBuffer.allocate(0)));
        return result;
    }

    /** Goes where the group's subscriptions say, QoS 0. Throws when the core does not take it. */
    public PublishResult publish(PublishRequest request)
            throws GGIotDataException, GGLambdaException {
        require(request.getTopic(), "Topic");
        require(request.getPayload(), "Payload");
        Map<String, Object> custom = new LinkedHashMap<>();
        custom.put("source", EnvVars.MY_FUNCTION_ARN);
        custom.put("subject", request.getTopic());
        if (request.getQueueFullPolicy() != null) {
            custom.put("queueFullPolicy", request.getQueueFullPolicy().toString());
        }
        log.debug("Publishing on " + request.getTopic());
        lambda.invoke(new InvokeRequest()
                .withFunctionArn(EnvVars.ROUTER_FUNCTION_ARN)
                .withInvocationType(InvocationType.Event)
                .withClientContext(context(custom))
                .withPayload(request.getPayload()));
        return new PublishResult();
    }

    private ByteBuffer askShadow(String operation, String thing, ByteBuffer payload)
            throws GGIotDataException {
        require(thing, "Thing Name");
        String subject = "$aws/things/" + thing + "/shadow/" + operation;
        log.debug("Asking the shadow service on " + subject);
        try {
            return lambda.invoke(new InvokeRequest()
                    .withFunctionArn(EnvVars.SHADOW_FUNCTION_ARN)
                    .withInvocationType(InvocationType.RequestResponse)
                    .withClientContext(
                            context(Collections.<String, Object>singletonMap("subject", subject)))
                    .withPayload(payload)).getPayload();
        } catch (GGLambdaException error) {
            throw new GGIotDataException("Failed to " + operation + " the shadow of " + thing + ": "
                    + error.getMessage(), error);
        }
    }

    private static String context(Map<String, Object> custom) {
        try {
            return Base64.getEncoder().encodeToString(JsonWriter.write(
                    Collections.singletonMap("custom", custom), new Beans()));
        } catch (JsonException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void require(Object value, String name) throws InvalidIotDataRequestException {
        if (value == null) {
            throw new InvalidIotDataRequestException(name + " is a required parameter");
        }
    }
}
