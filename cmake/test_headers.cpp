// Holds the precompiled header of the tests: CMake makes one only for a target with a source.
