#!/bin/sh
# compile_python.sh FROM TO: the Python runtime as it is installed, compiled by each Python of this
# host that functions name. Workers of another version compile it at each start: they may not
# write here.
set -eu
from=$1
to=$2
rm -rf "$to"
cp -Rp "$from" "$to"
find "$to" -name __pycache__ -prune -exec rm -rf {} +
for python in python2.7 python3 $(seq -f python3.%.0f 6 30); do
  if "$python" -S -E -c '' 2>/dev/null; then  # a version manager's shim may have no such version
    "$python" -S -E -m compileall -q "$to" >/dev/null
  fi
done
