package t;

import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.common.LogLevel;
import com.amazonaws.services.lambda.runtime.Context;

public class Logs {
    public void handleRequest(Object event, Context context) {
        System.out.println("out \u00e5");
        System.out.print("half ");
        System.out.printf("a line%n");
        System.out.print("no end");
        System.err.println("err");
        context.getLogger().log("of the context");
        context.getLogger().log("bytes".getBytes());
        GreengrassLogger logger = new GreengrassLogger();
        logger.trace("a trace");
        logger.debug("a debug");
        logger.info("an info");
        logger.warn("a warn");
        logger.error("an error");
        logger.fatal("a fatal");
        logger.log("leveled\n".getBytes(), LogLevel.WARN);
        new Exception("printed").printStackTrace();
    }

    /** Many threads write long lines at a time. */
    public void threads(Object event) throws InterruptedException {
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; ++i) {
            final char letter = (char) ('a' + i);
            threads[i] = new Thread(new Runnable() {
                @Override
                public void run() {
                    StringBuilder line = new StringBuilder();
                    for (int n = 0; n < 9000; ++n) {
                        line.append(letter);
                    }
                    for (int n = 0; n < 20; ++n) {
                        System.out.println(line);
                    }
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
