#!/bin/sh
# archive.sh JAVA JAR: writes JAR's archive for this JVM beside it, as .jsa, and what the JVM says
# about its version and the archive's size in bytes, a line each, as .jsa.version. Where the JVM makes no such archives, before 13, that is empty.
java=$1
jar=$2
archive=${jar%.jar}.jsa
rm -f "$archive"
: >"$archive.version"
if "$java" -XX:ArchiveClassesAtExit="$archive" -XX:+UseSerialGC -cp "$jar" evergrass.ipc.Training "$jar" \
  >/dev/null 2>&1 && [ -s "$archive" ]; then
  version=$("$java" -version 2>&1 | head -n 1)
  printf '%s\n%s\n' "$version" "$(stat -c %s "$archive")" >"$archive.version"
fi
