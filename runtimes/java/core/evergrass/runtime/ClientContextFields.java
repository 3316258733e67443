package evergrass.runtime;

import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.services.lambda.runtime.Client;
import com.amazonaws.services.lambda.runtime.ClientContext;
import evergrass.json.Beans;
import evergrass.json.JsonException;
import evergrass.json.JsonReader;
import evergrass.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the invoker sent along; for a routed message custom "subject" is its topic. */
final class ClientContextFields implements ClientContext {
    private final Map<?, ?> fields;

    private ClientContextFields(Map<?, ?> fields) {
        this.fields = fields;
    }

    /** @param text JSON in Base64; null or empty for none, which gives empty maps */
    static ClientContextFields decode(String text) {
        if (text != null && !text.isEmpty()) {
            try {
                byte[] json = Base64.getDecoder().decode(text);
                Object read = JsonReader.read(json);
                if (read instanceof Map) {
                    return new ClientContextFields((Map<?, ?>) read);
                }
            } catch (IllegalArgumentException | JsonException wrong) {
                new GreengrassLogger().warn(
                        "The client context cannot be read: " + wrong.getMessage());
            }
        }
        return new ClientContextFields(Collections.emptyMap());
    }

    /** Null when the invoker names none. */
    @Override
    public Client getClient() {
        return fields.get("client") instanceof Map ? new App(texts("client")) : null;
    }

    /** Values that are not text are told as JSON. */
    @Override
    public Map<String, String> getCustom() {
        return texts("custom");
    }

    @Override
    public Map<String, String> getEnvironment() {
        return texts("env");
    }

    private Map<String, String> texts(String name) {
        Map<String, String> made = new LinkedHashMap<>();
        if (fields.get(name) instanceof Map) {
            for (Map.Entry<?, ?> field : ((Map<?, ?>) fields.get(name)).entrySet()) {
                made.put((String) field.getKey(), text(field.getValue()));
            }
        }
        return made;
    }

    private static String text(Object value) {
        if (value == null || value instanceof String) {
            return (String) value;
        }
        try {
            return new String(JsonWriter.write(value, new Beans()), StandardCharsets.UTF_8);
        } catch (JsonException impossible) { // it was read from JSON
            throw new IllegalStateException(impossible);
        }
    }

    /** By the names of AWS's mobile SDKs. */
    private static final class App implements Client {
        private final Map<String, String> fields;

        App(Map<String, String> fields) {
            this.fields = fields;
        }

        @Override
        public String getInstallationId() {
            return fields.get("installation_id");
        }

        @Override
        public String getAppTitle() {
            return fields.get("app_title");
        }

        @Override
        public String getAppVersionName() {
            return fields.get("app_version_name");
        }

        @Override
        public String getAppVersionCode() {
            return fields.get("app_version_code");
        }

        @Override
        public String getAppPackageName() {
            return fields.get("app_package_name");
        }
    }
}
