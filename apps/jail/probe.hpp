#pragma once

#include <string>

namespace evergrass::jail {

// Goes into a jail with nothing to run, its work directory in `directory`, and prints a line:
//     {"isolated":true,"memory":true,"pids":true,"devices":true,"user":true}
//     {"isolated":false,"reason":"cannot mount root: Operation not permitted"}
// Exit status 0 when it is isolated.
int probe(const std::string& directory);

}  // namespace evergrass::jail
