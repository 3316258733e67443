package t;

import com.amazonaws.services.lambda.runtime.Context;

public class Fails {
    public static class Own extends Exception {
        private static final long serialVersionUID = 1L;

        public Own(String message, Throwable cause) {
            super(message, cause);
        }
    }

    public static class Silent extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    private static int deep(int n) {
        return deep(n + 1) + 1;
    }

    public Object handleRequest(String how, Context context) throws Exception {
        switch (how) {
            case "own":
                throw new Own("boom", new IllegalStateException("below"));
            case "no message":
                throw new NullPointerException();
            case "silent":
                throw new Silent();
            case "error":
                throw new AssertionError("an error");
            case "deep":
                return deep(0);
            case "memory":
                return new long[Integer.MAX_VALUE - 8].length;
            case "exit":
                System.exit(4);
                return null;
            case "thread":
                Thread thread = new Thread(new Runnable() {
                    @Override
                    public void run() {
                        throw new IllegalStateException("in a thread");
                    }
                });
                thread.start();
                thread.join();
                return "alive";
            default:
                return how;
        }
    }
}
