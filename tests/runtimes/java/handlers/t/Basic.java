package t;

import com.amazonaws.services.lambda.runtime.Context;
import java.util.LinkedHashMap;
import java.util.Map;

public class Basic {
    private int calls = 0;

    public Object echo(Object event, Context context) {
        return event;
    }

    public int sum(Map<String, Integer> event) {
        return event.get("a") + event.get("b");
    }

    public String noParameters() {
        return "none";
    }

    public String onlyContext(Context context) {
        return context.getAwsRequestId();
    }

    public void nothing(Object event) {}

    public static String fixed(Object event) {
        return "static";
    }

    public int count() {
        return ++calls;
    }

    public Object handleRequest(Object event) {
        return "one parameter";
    }

    public Object handleRequest(Object event, Context context) {
        return "two parameters";
    }

    public String tie(Object event) {
        return "event";
    }

    public String tie(Context context) {
        return "context";
    }

    public String wrong(Object event, Object other) {
        return "never";
    }

    public Object kindOf(Object event) {
        return event == null ? "null" : event.getClass().getSimpleName();
    }

    public String text(String event) {
        return event == null ? "null" : event;
    }

    public Object context(Context c) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("id", c.getAwsRequestId());
        told.put("arn", c.getInvokedFunctionArn());
        told.put("name", c.getFunctionName());
        told.put("version", c.getFunctionVersion());
        told.put("memory", c.getMemoryLimitInMB());
        told.put("remaining", c.getRemainingTimeInMillis());
        told.put("custom", c.getClientContext().getCustom());
        told.put("env", c.getClientContext().getEnvironment());
        told.put("app", c.getClientContext().getClient() == null ? null
                : c.getClientContext().getClient().getAppTitle());
        told.put("identity", c.getIdentity());
        return told;
    }

    public Object system(Object event) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("charset", java.nio.charset.Charset.defaultCharset().name());
        told.put("resource", Basic.class.getResource("/own.txt") != null);
        told.put("context", Context.class.getProtectionDomain().getCodeSource().getLocation()
                .getPath().replaceAll(".*/", ""));
        return told;
    }
}
