package t;

import com.amazonaws.greengrass.ipcsdk.DefaultIPCClient;
import com.amazonaws.greengrass.javasdk.GreengrassClientBuilder;
import com.amazonaws.greengrass.javasdk.InterfaceVersion;
import com.amazonaws.greengrass.javasdk.IotDataClient;
import com.amazonaws.greengrass.javasdk.LambdaClient;
import com.amazonaws.greengrass.javasdk.SecretsManagerClient;
import com.amazonaws.greengrass.javasdk.model.DeleteThingShadowRequest;
import com.amazonaws.greengrass.javasdk.model.GetSecretValueRequest;
import com.amazonaws.greengrass.javasdk.model.GetSecretValueResult;
import com.amazonaws.greengrass.javasdk.model.GetThingShadowRequest;
import com.amazonaws.greengrass.javasdk.model.InvocationType;
import com.amazonaws.greengrass.javasdk.model.InvokeRequest;
import com.amazonaws.greengrass.javasdk.model.InvokeResponse;
import com.amazonaws.greengrass.javasdk.model.PublishRequest;
import com.amazonaws.greengrass.javasdk.model.QueueFullPolicy;
import com.amazonaws.greengrass.javasdk.model.UpdateThingShadowRequest;
import com.amazonaws.services.lambda.runtime.Context;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every call of the SDK; what it throws is the result. */
public class Calls {
    private final LambdaClient lambda = new LambdaClient(new DefaultIPCClient("localhost", 8000));
    private final IotDataClient data = GreengrassClientBuilder.iotDataClient().build();
    private final SecretsManagerClient secrets =
            (SecretsManagerClient) (Object) GreengrassClientBuilder.secretsManagerClient().build();

    public Object handleRequest(Map<String, String> event, Context context) {
        try {
            return call(event);
        } catch (Exception error) {
            List<String> kinds = new ArrayList<>();
            StringBuilder words = new StringBuilder();
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                kinds.add(cause.getClass().getSimpleName());
                words.append(cause.getMessage()).append('\n');
            }
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("exceptions", kinds);
            told.put("message", words);
            return told;
        }
    }

    private Object call(Map<String, String> event) throws Exception {
        String thing = event.get("thing");
        switch (event.get("call")) {
            case "version":
                return InterfaceVersion.INTERFACE_VERSION;
            case "publish":
                return publish(event);
            case "invoke":
                return invoke(event);
            case "get":
                return text(new IotDataClient(lambda).getThingShadow(
                        new GetThingShadowRequest().withThingName(thing)).getPayload());
            case "update":
                return text(data.updateThingShadow(new UpdateThingShadowRequest()
                        .withThingName(thing).withPayload(bytes(event.get("payload"))))
                        .getPayload());
            case "delete":
                return text(data.deleteThingShadow(
                        new DeleteThingShadowRequest().withThingName(thing)).getPayload());
            default:
                return secret(event);
        }
    }

    private Object publish(Map<String, String> event) throws Exception {
        PublishRequest request = new PublishRequest().withTopic(event.get("topic"));
        if (event.get("payload") != null) {
            request.setPayload(bytes(event.get("payload")));
        }
        if (event.get("policy") != null) {
            request.setQueueFullPolicy(QueueFullPolicy.valueOf(event.get("policy")));
        }
        data.publish(request);
        return "published";
    }

    private Object invoke(Map<String, String> event) throws Exception {
        InvokeRequest request = new InvokeRequest()
                .withFunctionArn(event.get("arn"))
                .withClientContext(event.get("context"))
                .withQualifier(event.get("qualifier"))
                .withPayload("{\"n\":1}");
        if (event.get("type") != null) {
            request.setInvocationType(InvocationType.valueOf(event.get("type")));
        }
        InvokeResponse response = lambda.invoke(request);
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("status", response.getStatusCode());
        told.put("error", response.getFunctionErr());
        if (request.getInvocationType() != InvocationType.Event) {
            told.put("payload", text(response.getPayload()));
        }
        return told;
    }

    private Object secret(Map<String, String> event) throws Exception {
        GetSecretValueResult result = secrets.getSecretValue(new GetSecretValueRequest()
                .withSecretId(event.get("id"))
                .withVersionId(event.get("version"))
                .withVersionStage(event.get("stage")));
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("arn", result.getARN());
        told.put("name", result.getName());
        told.put("version", result.getVersionId());
        told.put("created", result.getCreatedDate().getTime());
        told.put("stages", result.getVersionStages());
        told.put("text", result.getSecretString());
        if (result.getSecretString() == null) {
            told.put("bytes", text(result.getSecretBinary()));
        }
        return told;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer buffer) {
        return new String(buffer.array(), StandardCharsets.UTF_8);
    }
}
