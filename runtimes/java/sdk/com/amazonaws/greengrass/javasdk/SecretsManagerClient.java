package com.amazonaws.greengrass.javasdk;

import com.amazonaws.greengrass.common.EnvVars;
import com.amazonaws.greengrass.javasdk.model.GGLambdaException;
import com.amazonaws.greengrass.javasdk.model.GGSecretsManagerException;
import com.amazonaws.greengrass.javasdk.model.GetSecretValueRequest;
import com.amazonaws.greengrass.javasdk.model.GetSecretValueResult;
import com.amazonaws.greengrass.javasdk.model.InvalidSecretsManagerRequestException;
import com.amazonaws.greengrass.javasdk.model.InvocationType;
import com.amazonaws.greengrass.javasdk.model.InvokeRequest;
import com.amazonaws.greengrass.javasdk.model.InvokeResponse;
import com.amazonaws.greengrass.javasdk.model.SecretResourceNotFoundException;
import com.amazonaws.greengrass.javasdk.model.UnauthorizedSecretsManagerRequestException;
import evergrass.json.Beans;
import evergrass.json.JsonBinder;
import evergrass.json.JsonException;
import evergrass.json.JsonReader;
import evergrass.json.JsonWriter;
import evergrass.json.Types;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Asks for the secrets that are deployed to the core. Any thread may call it. */
public class SecretsManagerClient extends GGClient {
    private final LambdaClient lambda;
    private final Beans beans = new Beans();

    public SecretsManagerClient() {
        this(new LambdaClient());
    }

    public SecretsManagerClient(LambdaClient lambda) {
        this.lambda = lambda;
    }

    /** Throws the exception that belongs to the core's status. */
    public GetSecretValueResult getSecretValue(GetSecretValueRequest request)
            throws GGSecretsManagerException {
        check(request);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("SecretId", request.getSecretId());
        if (request.getVersionStage() != null) {
            fields.put("VersionStage", request.getVersionStage());
        }
        try {
            InvokeResponse response = lambda.invoke(new InvokeRequest()
                    .withFunctionArn(EnvVars.SECRETS_MANAGER_FUNCTION_ARN)
                    .withInvocationType(InvocationType.RequestResponse)
                    .withPayload(ByteBuffer.wrap(JsonWriter.write(fields, beans))));
            return resultOf(response);
        } catch (GGLambdaException error) {
            throw new GGSecretsManagerException("Failed to get the secret " + request.getSecretId()
                    + ": " + error.getMessage(), error);
        } catch (JsonException error) {
            throw new GGSecretsManagerException("The core's answer cannot be read: "
                    + error.getMessage(), error);
        }
    }

    private GetSecretValueResult resultOf(InvokeResponse response)
            throws GGSecretsManagerException, JsonException {
        Object read = JsonReader.read(Buffers.bytes(response.getPayload()));
        Map<?, ?> fields = read instanceof Map ? (Map<?, ?>) read : new LinkedHashMap<>();
        if (response.getFunctionErr() == null && fields.get("ARN") != null) {
            return (GetSecretValueResult) new JsonBinder(beans).bind(
                    read, Types.of(GetSecretValueResult.class));
        }
        throw errorOf(fields.get("Status"), String.valueOf(fields.get("Message")));
    }

    // spec/lambda-ipc.md §3.3
    private static GGSecretsManagerException errorOf(Object status, String message) {
        if (Integer.valueOf(400).equals(status)) {
            return new InvalidSecretsManagerRequestException(message);
        }
        if (Integer.valueOf(401).equals(status)) {
            return new UnauthorizedSecretsManagerRequestException(message);
        }
        if (Integer.valueOf(404).equals(status)) {
            return new SecretResourceNotFoundException(message);
        }
        return new GGSecretsManagerException(
                "The core answered with status " + status + ": " + message);
    }

    private static void check(GetSecretValueRequest request)
            throws InvalidSecretsManagerRequestException {
        if (request == null || request.getSecretId() == null || request.getSecretId().isEmpty()) {
            throw new InvalidSecretsManagerRequestException("Secret Id is a required parameter");
        }
        if (request.getVersionId() != null) {
            throw new InvalidSecretsManagerRequestException(
                    "A core knows no VersionId: ask by VersionStage");
        }
    }
}
