package t;

import com.amazonaws.greengrass.common.EnvVars;
import com.amazonaws.greengrass.common.FunctionArnFields;
import com.amazonaws.greengrass.common.InvalidArnException;
import com.amazonaws.greengrass.ipcsdk.DefaultIPCClient;
import com.amazonaws.greengrass.ipcsdk.IPCClient;
import com.amazonaws.greengrass.ipcsdk.IPCException;
import com.amazonaws.greengrass.ipcsdk.WorkResult;
import java.util.ArrayList;
import java.util.List;

/** The classes of the core, as old and new SDKs use them. */
public class Ipc {
    public Object call(String arn) throws IPCException {
        List<Object> told = new ArrayList<>();
        for (IPCClient client : new IPCClient[] {
                 new DefaultIPCClient(), new DefaultIPCClient("localhost", 8000)}) {
            String id = client.postWork(arn, "RequestResponse", "p".getBytes(), null);
            WorkResult result = client.getWorkResult(arn, id);
            told.add(new String(result.getPayload()));
            told.add(result.getStatusCode());
            told.add(result.getFunctionErr());
        }
        String id = new DefaultIPCClient().postWork(
                EnvVars.ROUTER_FUNCTION_ARN, "RequestResponse", new byte[0], "bnVsbA==");
        told.add(new DefaultIPCClient().getWorkResult(EnvVars.ROUTER_FUNCTION_ARN, id)
                .getPayload().length);
        return told;
    }

    public Object smuggle(Object event) throws IPCException {
        return new DefaultIPCClient().postWork("x", "Event", null, "a\r\nX-Other: b");
    }

    public Object arns(List<String> arns) {
        List<Object> told = new ArrayList<>();
        for (String arn : arns) {
            try {
                FunctionArnFields f = FunctionArnFields.fromString(arn);
                told.add(new String[] {f.getRegion(), f.getAccountId(), f.getName(),
                    f.getQualifier(), f.getUnqualifiedArn(), f.toArnString()});
            } catch (InvalidArnException wrong) {
                told.add(wrong.getMessage());
            }
        }
        return told;
    }

    /** Many at a time, each with a connection of its own. */
    public int parallel(final String arn) throws InterruptedException {
        final List<Object> answers = java.util.Collections.synchronizedList(new ArrayList<>());
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; ++i) {
            threads[i] = new Thread(new Runnable() {
                @Override
                public void run() {
                    try {
                        answers.add(new DefaultIPCClient().postWork(arn, "Event", null, null));
                    } catch (IPCException error) {
                        System.err.println(error);
                    }
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return answers.size();
    }
}
