// Holds a precompiled header: CMake makes one only for a target with a source.
