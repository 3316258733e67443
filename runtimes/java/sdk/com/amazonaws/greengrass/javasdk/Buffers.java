package com.amazonaws.greengrass.javasdk;

import java.nio.ByteBuffer;

/** Bytes of buffers, which stay as they are. */
final class Buffers {
    private Buffers() {}

    /** From the position to the limit; empty for null. */
    static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) {
            return new byte[0];
        }
        ByteBuffer copy = buffer.duplicate();
        byte[] bytes = new byte[copy.remaining()];
        copy.get(bytes);
        return bytes;
    }
}
