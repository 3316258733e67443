package t;

/** What runs when the class is loaded, and when the process ends. */
public class Early {
    static {
        System.out.println("loaded");
        Thread beat = new Thread(new Runnable() {
            @Override
            public void run() {
                System.out.println("in the background");
                synchronized (this) {
                    try {
                        wait();
                    } catch (InterruptedException unexpected) {
                        System.err.println(unexpected);
                    }
                }
            }
        });
        beat.start();
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                System.out.println("at the end");
            }
        });
    }

    public Early() {
        System.out.println("made");
    }

    public String handleRequest(Object event) {
        return "early";
    }
}
