package t;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

public class Streams implements RequestStreamHandler {
    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[4096];
        for (int count; (count = in.read(buffer)) >= 0;) {
            out.write(buffer, 0, count);
        }
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context)
            throws IOException {
        copy(in, out);
        out.write(("/" + context.getAwsRequestId()).getBytes("UTF-8"));
    }

    public void handleRequest(InputStream in, OutputStream out) {
        throw new IllegalStateException("it has fewer parameters");
    }

    public String handleRequest(Object event) {
        return "it takes no streams";
    }

    public void both(InputStream in, OutputStream out) throws IOException {
        copy(in, out);
    }

    public void outAndContext(OutputStream out, Context context) throws IOException {
        out.write(context.getFunctionName().getBytes("UTF-8"));
    }

    public void inAndContext(InputStream in, Context context) throws IOException {
        System.out.println("read " + in.read());
    }

    public void in(InputStream in) throws IOException {
        System.out.println("read " + in.read());
    }

    public void out(OutputStream out) throws IOException {
        out.write(new byte[] {0, -1});
    }

    public void fails(InputStream in, OutputStream out) throws IOException {
        out.write(1);
        throw new IOException("after it wrote");
    }
}
