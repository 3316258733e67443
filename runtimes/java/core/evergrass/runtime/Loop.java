package evergrass.runtime;

import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.ipcsdk.IPCException;
import com.amazonaws.greengrass.ipcsdk.WorkItem;
import com.amazonaws.greengrass.runtime.exception.InvalidHandlerException;
import evergrass.log.Printed;

/** Takes work from the core, calls the handler and gives the result back, one by one. */
public final class Loop {
    private final CoreLink core = new CoreLink();
    private final GreengrassLogger log = new GreengrassLogger();
    private final Handler handler;

    private Loop(Handler handler) {
        this.handler = handler;
    }

    /** Loads what the core asks to run. Throws what loading throws. */
    public static Loop load(String handlerName) throws InvalidHandlerException {
        Environment.check();
        Handler handler = HandlerLoader.load(handlerName, Environment.isBinary());
        Versions.check();
        return new Loop(handler);
    }

    /** Does not return; throws when the core is lost. */
    public void serve(Printed printed) throws IPCException {
        while (true) {
            WorkItem item = core.getWork();
            log.info("START RequestId: " + item.getInvocationId());
            invoke(item);
            printed.endLines();
            Thread.interrupted(); // what the handler left set is not for the next one
            log.info("End RequestId: " + item.getInvocationId());
        }
    }

    private void invoke(WorkItem item) throws IPCException {
        byte[] result;
        try {
            result = handler.handle(item.getPayload(),
                    new InvocationContext(item.getInvocationId(), item.getClientContext()));
        } catch (OutOfMemoryError error) {
            throw error; // ends the worker: the core tells the invoker, and starts another
        } catch (Throwable error) {
            log.error("The handler failed:\n" + Stack.of(error));
            postError(item, error);
            return;
        }
        try {
            core.postResult(item.getInvocationId(), result);
        } catch (IPCException refusal) {
            if (refusal.getStatusCode() == 0) {
                throw refusal;
            }
            log.error("The core did not take the result: " + refusal.getMessage());
            postError(item, refusal); // too large, most likely: the invoker hears of it
        }
    }

    private void postError(WorkItem item, Throwable error) throws IPCException {
        try {
            core.postError(item.getInvocationId(), ErrorObject.of(error));
        } catch (IPCException refusal) {
            if (refusal.getStatusCode() == 0) {
                throw refusal;
            }
            log.error("The core did not take the error: " + refusal.getMessage());
        }
    }
}
