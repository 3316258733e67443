package evergrass.runtime;

import com.amazonaws.greengrass.common.EnvVars;
import com.amazonaws.greengrass.ipcsdk.DefaultIPCClient;
import com.amazonaws.greengrass.ipcsdk.IPCException;
import com.amazonaws.greengrass.ipcsdk.WorkItem;

/** The runtime's calls to the core, each tried again while the core restarts its endpoint. */
final class CoreLink {
    // Not lambdas: the first one of a process costs its start 20 ms.
    private interface Call<T> {
        T run() throws IPCException;
    }

    private final DefaultIPCClient ipc = new DefaultIPCClient();
    private final String arn = EnvVars.MY_FUNCTION_ARN;

    WorkItem getWork() throws IPCException {
        return tried(new Call<WorkItem>() {
            @Override
            public WorkItem run() throws IPCException {
                return ipc.getWork(arn);
            }
        });
    }

    /** A core that refuses it, which the exception's status tells, has given the invocation up. */
    void postResult(final String id, final byte[] result) throws IPCException {
        tried(new Call<Void>() {
            @Override
            public Void run() throws IPCException {
                ipc.postWorkResult(arn, id, result);
                return null;
            }
        });
    }

    /** As postResult. */
    void postError(final String id, final byte[] error) throws IPCException {
        tried(new Call<Void>() {
            @Override
            public Void run() throws IPCException {
                ipc.postHandlerError(arn, id, error);
                return null;
            }
        });
    }

    private static <T> T tried(Call<T> call) throws IPCException {
        Backoff backoff = new Backoff();
        while (true) {
            try {
                return call.run();
            } catch (IPCException error) {
                // A refusal stays one when it is asked again; a core that stops does not.
                boolean refused = error.getStatusCode() != 0 && error.getStatusCode() < 500;
                if (refused || !backoff.again()) {
                    throw error;
                }
            }
        }
    }
}
