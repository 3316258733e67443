package evergrass.runtime;

/**
 * When to try again what the core did not answer. A core that restarts its endpoint is back within
 * 3 s, or it restarts this worker too (spec/lambda-ipc.md §2.4).
 */
final class Backoff {
    private static final long FIRST_MS = 50;
    private static final long MOST_MS = 500;
    private static final int MOST_ATTEMPTS = 10;
    private static final long TOTAL_MS = 3000;

    private final long deadline = System.nanoTime() + TOTAL_MS * 1_000_000;
    private int attempts = 0;

    /** Waits before another attempt; false, at once, when there is to be none. */
    boolean again() {
        long delay = Math.min(FIRST_MS << attempts, MOST_MS);
        delay -= (long) (Math.random() * delay / 2);
        ++attempts;
        if (attempts >= MOST_ATTEMPTS || System.nanoTime() + delay * 1_000_000 > deadline) {
            return false;
        }
        try {
            Thread.sleep(delay);
            return true;
        } catch (InterruptedException asked) {
            return false;
        }
    }
}
