package evergrass.runtime;

import com.amazonaws.greengrass.common.EnvVars;
import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.common.LogLevel;
import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;

/**
 * The context of one invocation. The interfaces may be of the function's own aws-lambda-java-core:
 * of an older one, which asks for less, or of a newer one, whose new methods have defaults.
 */
final class InvocationContext implements Context {
    private static final String[] ARN = EnvVars.MY_FUNCTION_ARN.split(":");
    private static final long TIMEOUT_MS = number("EVERGRASS_FUNCTION_TIMEOUT", 3) * 1000;
    private static final long MEMORY_MB = number("EVERGRASS_FUNCTION_MEMORY_KB", 0) / 1024;

    private final String id;
    private final String clientContext;
    private final long deadline = System.nanoTime() / 1_000_000 + TIMEOUT_MS;
    private ClientContextFields decoded;

    InvocationContext(String id, String clientContext) {
        this.id = id;
        this.clientContext = clientContext;
    }

    @Override
    public String getAwsRequestId() {
        return id;
    }

    @Override
    public String getLogGroupName() {
        return null;
    }

    @Override
    public String getLogStreamName() {
        return null;
    }

    @Override
    public String getFunctionName() {
        return ARN.length > 6 ? ARN[6] : "";
    }

    @Override
    public String getFunctionVersion() {
        return ARN.length > 7 ? ARN[7] : "$LATEST";
    }

    @Override
    public String getInvokedFunctionArn() {
        return EnvVars.MY_FUNCTION_ARN;
    }

    @Override
    public CognitoIdentity getIdentity() {
        return null;
    }

    /** Never null: functions ask for the subject without looking. */
    @Override
    public synchronized ClientContext getClientContext() {
        if (decoded == null) {
            decoded = ClientContextFields.decode(clientContext);
        }
        return decoded;
    }

    @Override
    public int getRemainingTimeInMillis() {
        return (int) Math.max(0, Math.min(deadline - System.nanoTime() / 1_000_000,
                Integer.MAX_VALUE));
    }

    @Override
    public int getMemoryLimitInMB() {
        return (int) MEMORY_MB;
    }

    @Override
    public LambdaLogger getLogger() {
        return new Lines();
    }

    private static long number(String variable, long otherwise) {
        String value = System.getenv(variable);
        try {
            return value == null ? otherwise : Long.parseLong(value);
        } catch (NumberFormatException own) { // the function set it for itself
            return otherwise;
        }
    }

    private static final class Lines implements LambdaLogger {
        private final GreengrassLogger logger = new GreengrassLogger();

        @Override
        public void log(String message) {
            logger.log(message, LogLevel.INFO);
        }

        @Override
        public void log(byte[] message) {
            logger.log(message, LogLevel.INFO);
        }
    }
}
