package evergrass.ipc;

import com.amazonaws.greengrass.common.EnvVars;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;

/** The process's connections to the core: as many as there are requests at a time. */
public final class ConnectionPool {
    private static final ConnectionPool OF_PROCESS = new ConnectionPool();
    private static final int DEFAULT_PORT = 8000; // spec/lambda-ipc.md §2.1

    private final Deque<Connection> idle = new ArrayDeque<>();

    private ConnectionPool() {}

    /** Shared by all clients: functions make one for each invocation and close none. */
    public static ConnectionPool ofProcess() {
        return OF_PROCESS;
    }

    /** Waits for as long as the core takes. Throws when there is no answer. Any thread. */
    public Answer send(Request request) throws IOException {
        byte[] data = request.encode();
        while (true) {
            Connection kept = takeIdle();
            Connection connection = kept != null ? kept : open();
            try {
                Answer answer = connection.exchange(data);
                if (answer.closesConnection()) {
                    connection.close();
                } else {
                    keep(connection);
                }
                return answer;
            } catch (IOException error) {
                connection.close();
                // The core closed a connection that lay idle: it never saw this request.
                if (kept == null || connection.heard()) {
                    throw error;
                }
            } catch (RuntimeException | Error error) { // half an answer may be on its way
                connection.close();
                throw error;
            }
        }
    }

    private synchronized Connection takeIdle() {
        return idle.poll();
    }

    private synchronized void keep(Connection connection) {
        idle.push(connection);
    }

    private static Connection open() throws IOException {
        String port = EnvVars.GG_DAEMON_PORT;
        try {
            return new Connection(
                    hostOfCore(), port == null ? DEFAULT_PORT : Integer.parseInt(port));
        } catch (NumberFormatException wrong) {
            throw new IOException("GG_DAEMON_PORT is no port: '" + port + "'");
        }
    }

    // A core on another address than 127.0.0.1 tells it by this variable alone. What localhost
    // means to the core is known without a resolver.
    private static InetAddress hostOfCore() throws IOException {
        String uri = System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (uri != null && !uri.startsWith("http://localhost:")) {
            String host = URI.create(uri).getHost();
            if (host != null && !host.equals("localhost")) {
                return InetAddress.getByName(host);
            }
        }
        return InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1});
    }
}
