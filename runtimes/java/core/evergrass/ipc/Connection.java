package evergrass.ipc;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A kept connection to the core, for one exchange at a time. */
final class Connection implements Closeable {
    private static final int MAX_HEAD = 256 * 1024;

    private final Socket socket;
    private final InputStream in;
    private byte[] received = new byte[8192];
    private int size = 0;

    Connection(InetAddress host, int port) throws IOException {
        socket = new Socket(host, port);
        socket.setTcpNoDelay(true);
        in = socket.getInputStream();
    }

    /** Waits for as long as the core takes. After an exception the connection is of no use. */
    Answer exchange(byte[] request) throws IOException {
        size = 0;
        socket.getOutputStream().write(request);
        int end = readHead();
        Answer answer = new Answer(new String(received, 0, end, StandardCharsets.ISO_8859_1));
        answer.setBody(readBody(end + 4, answer.bodyLength()));
        return answer;
    }

    /** Has any of the answer to the last exchange come? */
    boolean heard() {
        return size != 0;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException unimportant) {
            // It is given up in any case.
        }
    }

    // The place of the empty line.
    private int readHead() throws IOException {
        for (int searched = 0;;) {
            int count = receive();
            for (int i = Math.max(0, searched - 3); i + 3 < size; ++i) {
                if (received[i] == '\r' && received[i + 1] == '\n' && received[i + 2] == '\r'
                        && received[i + 3] == '\n') {
                    return i;
                }
            }
            searched += count;
            if (size > MAX_HEAD) {
                throw new IOException("the head of the answer is too large");
            }
        }
    }

    private int receive() throws IOException {
        if (size == received.length) {
            received = Arrays.copyOf(received, 2 * size);
        }
        int count = in.read(received, size, received.length - size);
        if (count < 0) {
            throw new EOFException(size == 0 ? "the core closed the connection"
                                             : "the answer ends early");
        }
        size += count;
        return count;
    }

    private byte[] readBody(int start, int length) throws IOException {
        int have = size - start;
        if (have > length) {
            throw new IOException("the core sent more than one answer");
        }
        byte[] body = new byte[length];
        System.arraycopy(received, start, body, 0, have);
        while (have < length) {
            int count = in.read(body, have, length - have);
            if (count < 0) {
                throw new EOFException("the answer ends early");
            }
            have += count;
        }
        return body;
    }
}
