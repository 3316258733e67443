package com.amazonaws.greengrass.runtime;

import com.amazonaws.greengrass.common.GreengrassLogger;
import com.amazonaws.greengrass.ipcsdk.IPCException;
import com.amazonaws.greengrass.runtime.exception.InvalidHandlerException;
import evergrass.log.Printed;
import evergrass.runtime.Loop;
import evergrass.runtime.Stack;

/**
 * Runs one Lambda function:
 * java com.amazonaws.greengrass.runtime.LambdaRuntime --handler=package.Class::method
 *
 * <p>Started by the core in the function's directory, with the environment that EnvVars reads and
 * this jar first on the class path. SIGTERM ends it; what the function has as shutdown hooks runs.
 */
public final class LambdaRuntime {
    private static final String HANDLER_FLAG = "--handler=";
    private static final GreengrassLogger LOG = new GreengrassLogger();

    private LambdaRuntime() {}

    public static void main(String[] arguments) {
        Printed printed = Printed.install();
        Loop loop = load(handlerName(arguments));
        try {
            loop.serve(printed);
        } catch (IPCException lost) {
            LOG.fatal("The core is lost: " + lost.getMessage());
        } catch (OutOfMemoryError error) {
            LOG.fatal("The function has no memory left: " + error.getMessage());
            Runtime.getRuntime().halt(1); // hooks would need some
        }
        System.exit(1); // threads of the function may go on otherwise
    }

    private static Loop load(String name) {
        try {
            return Loop.load(name);
        } catch (Throwable error) { // also what the function's own code throws
            if (!(error instanceof InvalidHandlerException) || error.getCause() != null) {
                LOG.error("The stack of the failed import:\n" + Stack.of(error));
            }
            LOG.fatal("Failed to import handler function \"" + name + "\" due to exception: "
                    + error.toString().split("\n", 2)[0]);
        }
        System.exit(1);
        throw new IllegalStateException("not reached");
    }

    private static String handlerName(String[] arguments) {
        for (String argument : arguments) {
            if (argument.startsWith(HANDLER_FLAG)) {
                return argument.substring(HANDLER_FLAG.length());
            }
        }
        return "";
    }
}
