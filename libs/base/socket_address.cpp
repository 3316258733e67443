#include "libs/base/socket_address.hpp"

#include "libs/base/errors.hpp"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace evergrass {

result<socket_address> socket_address::of(const std::filesystem::path& socket) {
    constexpr auto most = sizeof(sockaddr_un::sun_path) - 1;
    if (socket.native().size() <= most) {
        return socket_address(socket.native(), -1);
    }
    const int folder = ::open(socket.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return errno_error("cannot open the folder " + socket.parent_path().string());
    }
    socket_address short_form(
        "/proc/self/fd/" + std::to_string(folder) + "/" + socket.filename().string(), folder);
    std::error_code ignored;
    if (!std::filesystem::exists("/proc/self/fd", ignored) || short_form.text_.size() > most) {
        return error{errc::too_large,
                     "the socket's path " + socket.string() + " has " +
                         std::to_string(socket.native().size()) +
                         " bytes, and a socket's may have " + std::to_string(most) +
                         ": its folder (a core's writeDirectory) needs a shorter path"};
    }
    return short_form;
}

socket_address::socket_address(socket_address&& other) noexcept
    : text_(std::move(other.text_)), folder_(std::exchange(other.folder_, -1)) {}

socket_address::~socket_address() {
    if (folder_ >= 0) {
        ::close(folder_);
    }
}

}  // namespace evergrass
