package evergrass.runtime;

import com.amazonaws.greengrass.common.EnvVars;

/** What the core must have told the runtime. */
final class Environment {
    private Environment() {}

    /** Throws what names the variables that are missing or wrong. */
    static void check() {
        StringBuilder missing = new StringBuilder();
        require("AWS_CONTAINER_AUTHORIZATION_TOKEN", EnvVars.AUTH_TOKEN, missing);
        require("ENCODING_TYPE", EnvVars.ENCODING_TYPE, missing);
        require("GGC_MAX_INTERFACE_VERSION", EnvVars.GGC_MAX_INTERFACE_VERSION, missing);
        require("MY_FUNCTION_ARN", EnvVars.MY_FUNCTION_ARN, missing);
        if (missing.length() != 0) {
            throw new IllegalStateException("the environment has no " + missing);
        }
        if (!isBinary() && !EnvVars.ENCODING_TYPE.equals("json")) {
            throw new IllegalStateException("ENCODING_TYPE is '" + EnvVars.ENCODING_TYPE
                    + "' and must be one of: json, binary");
        }
    }

    static boolean isBinary() {
        return EnvVars.ENCODING_TYPE.equals("binary");
    }

    private static void require(String name, String value, StringBuilder missing) {
        if (value == null || value.isEmpty()) {
            missing.append(missing.length() == 0 ? "" : ", ").append(name);
        }
    }
}
