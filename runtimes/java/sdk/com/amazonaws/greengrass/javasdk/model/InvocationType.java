package com.amazonaws.greengrass.javasdk.model;

/** Does the invoker wait for the result? */
public enum InvocationType { Event, RequestResponse }
