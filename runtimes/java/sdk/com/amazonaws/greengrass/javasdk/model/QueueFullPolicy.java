package com.amazonaws.greengrass.javasdk.model;

/** What becomes of a message when the queue of a target is full. */
public enum QueueFullPolicy {
    /** The targets that have room get it; no error. */
    BestEffort("BestEffort"),
    /** All targets get it, or none and the publisher hears of it. */
    AllOrException("AllOrError");

    private final String wireName;

    QueueFullPolicy(String wireName) {
        this.wireName = wireName;
    }

    /** As the core spells it (spec/lambda-ipc.md §3.1). */
    @Override
    public String toString() {
        return wireName;
    }
}
