package evergrass.runtime;

/** A function's handler. */
interface Handler {
    /** Throws what the handler throws, and what tells that input or result do not fit. */
    byte[] handle(byte[] input, InvocationContext context) throws Throwable;
}
