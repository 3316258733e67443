package evergrass.json;

/** Text is no JSON, or does not fit the type that it is for, or a value has no form in JSON. */
public final class JsonException extends Exception {
    private static final long serialVersionUID = 1L;

    public JsonException(String message) {
        super(message);
    }

    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
