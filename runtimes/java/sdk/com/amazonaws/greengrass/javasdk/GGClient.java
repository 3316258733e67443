package com.amazonaws.greengrass.javasdk;

/** What the clients of this SDK are. */
abstract class GGClient {}
