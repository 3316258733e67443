package evergrass.ipc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** One HTTP/1.1 answer of the core. */
public final class Answer {
    private final int status;
    private final String reason;
    private final Map<String, String> headers = new HashMap<>();
    private byte[] body = new byte[0];

    /** @param head the answer up to its empty line, which it may hold or not */
    Answer(String head) throws IOException {
        String[] lines = head.split("\r\n");
        String[] first = lines[0].split(" ", 3);
        if (first.length < 2 || !first[0].startsWith("HTTP/1.")) {
            throw new IOException("not an HTTP answer: " + shortened(lines[0]));
        }
        status = number(first[1], "status");
        reason = first.length < 3 ? "" : first[2];
        for (int i = 1; i < lines.length; ++i) {
            int colon = lines[i].indexOf(':');
            if (colon > 0) {
                headers.put(lines[i].substring(0, colon).trim().toLowerCase(Locale.ROOT),
                        lines[i].substring(colon + 1).trim());
            }
        }
    }

    public int status() {
        return status;
    }

    /** Null when there is none; the name's case does not count. */
    public String header(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }

    public byte[] body() {
        return body;
    }

    /** "HTTP Error 404: Not Found: no such function". */
    public String refusal() {
        String why = new String(body, StandardCharsets.UTF_8).trim();
        return "HTTP Error " + status + ": " + reason + (why.isEmpty() ? "" : ": " + why);
    }

    int bodyLength() throws IOException {
        String length = header("Content-Length");
        return length == null ? 0 : number(length, "length");
    }

    void setBody(byte[] content) {
        body = content;
    }

    boolean closesConnection() {
        return "close".equalsIgnoreCase(header("Connection"));
    }

    private static int number(String text, String what) throws IOException {
        try {
            int value = Integer.parseInt(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException wrong) {
            // Told below.
        }
        throw new IOException("the " + what + " of the answer is not a number: " + shortened(text));
    }

    private static String shortened(String text) {
        return "'" + text.substring(0, Math.min(text.length(), 80)) + "'";
    }
}
