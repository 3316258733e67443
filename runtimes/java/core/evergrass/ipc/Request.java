package evergrass.ipc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** One HTTP/1.1 request to the core. */
public final class Request {
    private final StringBuilder head;
    private final byte[] body;
    private boolean brokenLine;

    public Request(String method, String path, byte[] body) {
        this.body = body;
        head = new StringBuilder(256);
        line(method + " " + path + " HTTP/1.1");
        header("Host", "localhost");
        header("Content-Length", Integer.toString(body.length));
    }

    public void header(String name, String value) {
        line(name + ": " + value);
    }

    /** Throws when a line holds a line's end, which would make another header of what follows. */
    byte[] encode() throws IOException {
        if (brokenLine) {
            throw new IOException("a line break in a header");
        }
        byte[] start = (head + "\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] whole = new byte[start.length + body.length];
        System.arraycopy(start, 0, whole, 0, start.length);
        System.arraycopy(body, 0, whole, start.length, body.length);
        return whole;
    }

    private void line(String text) {
        brokenLine |= text.indexOf('\r') >= 0 || text.indexOf('\n') >= 0;
        head.append(text).append("\r\n");
    }
}
