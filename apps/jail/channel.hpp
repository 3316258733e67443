#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

// What the three processes of a jail say to each other, over one socket: the supervisor outside,
// the first process inside, and the function's.
namespace evergrass::jail {

constexpr char say_map_me = 'u';  // the function's process has a user namespace that wants its ids
constexpr char say_here = 'p';    // it goes without
constexpr char say_ended = 's';   // the first process: with the function's wait status
constexpr char answer_go_on = 'g';

struct channel_ends {
    int outside = -1;  // tells who sends (SCM_CREDENTIALS)
    int inside = -1;
};
channel_ends open_channel();

struct heard {
    char what = 0;
    pid_t sender = 0;  // as the reader sees it
    int status = 0;    // of say_ended
};
// Waits for one message; nullopt: the other end is gone.
std::optional<heard> hear(int outside);

void tell(int fd, char what);
void tell_ended(int fd, int status);

// False: the other end is gone.
bool send_all(int fd, std::string_view bytes);

// Length first. False: the other end is gone, or it is longer than `most`.
bool send_bytes(int fd, std::string_view bytes);
std::optional<std::string> receive_bytes(int fd, std::size_t most);

}  // namespace evergrass::jail
