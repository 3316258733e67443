package evergrass.runtime;

import com.amazonaws.greengrass.common.EnvVars;

/** Does the SDK that the function brought fit this core (spec/lambda-ipc.md §4.3)? */
final class Versions {
    private static final String CLASS = "com.amazonaws.greengrass.javasdk.InterfaceVersion";

    private Versions() {}

    /** Throws when it needs a newer core. */
    static void check() {
        String wanted = sdkVersion();
        if (wanted == null) {
            return;
        }
        String most = EnvVars.GGC_MAX_INTERFACE_VERSION;
        int[] sdk = parse(wanted);
        int[] core = parse(most);
        if (sdk[0] != core[0] || sdk[1] > core[1]) {
            throw new IllegalStateException("the Greengrass SDK of the function has interface"
                    + " version " + wanted + " and this core supports up to " + most
                    + ": use an older version of the SDK");
        }
    }

    // Null: the function has none.
    private static String sdkVersion() {
        try {
            Class<?> found = Class.forName(CLASS, false, ClassLoader.getSystemClassLoader());
            return String.valueOf(found.getField("INTERFACE_VERSION").get(null));
        } catch (ClassNotFoundException none) {
            return null;
        } catch (ReflectiveOperationException old) {
            return "1.0";
        }
    }

    private static int[] parse(String version) {
        String[] parts = version.split("\\.");
        try {
            return new int[] {Integer.parseInt(parts[0]),
                parts.length < 2 ? 0 : Integer.parseInt(parts[1])};
        } catch (NumberFormatException wrong) {
            throw new IllegalStateException("'" + version + "' is not an interface version");
        }
    }
}
