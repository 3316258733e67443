package t;

/** Handlers that cannot be loaded. */
public class Broken {
    public static class Static {
        static final Object IT = fail();

        private static Object fail() {
            throw new IllegalStateException("of the static initializer");
        }

        public void handleRequest(Object event) {}
    }

    public static class Made {
        public Made() {
            throw new IllegalStateException("of the constructor");
        }

        public void handleRequest(Object event) {}
    }

    public static class NoDefault {
        public NoDefault(int it) {}

        public void handleRequest(Object event) {}
    }

    public static class NotPublic {
        void handleRequest(Object event) {}
    }
}
