package com.amazonaws.services.lambda.runtime;

import java.util.Map;

/** What the invoker sent along. */
public interface ClientContext {
    /** Null when the invoker names no app. */
    Client getClient();

    /** For a routed message "subject" is its topic. */
    Map<String, String> getCustom();

    Map<String, String> getEnvironment();
}
