#pragma once

#include <string>
#include <vector>

// What a process does between fork() and exec(), at the core and in the jail. But for
// pointers_to(), which is called before fork(), these are safe in signal handlers, and so in a
// child of a process with threads.
namespace evergrass::edge::isolation {

// As execve() takes them, a null at the end. They point into `texts`.
std::vector<char*> pointers_to(const std::vector<std::string>& texts);

// Closes the descriptor and all higher ones.
void close_from(unsigned first);

// Every signal does what it does by default, and none is held back.
void reset_signals();

}  // namespace evergrass::edge::isolation
