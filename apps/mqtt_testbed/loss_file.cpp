#include "apps/mqtt_testbed/loss_file.hpp"

#include "libs/base/json.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace evergrass::testbed {

result<std::unique_ptr<loss_file>> loss_file::open(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) {
        return errno_error("cannot open " + path);
    }
    return std::unique_ptr<loss_file>(new loss_file(file));
}

loss_file::~loss_file() {
    ::close(file_);
}

void loss_file::add(mqtt::loss why, std::string_view topic, std::string_view client_id) {
    const auto line = json::serialize(json::object{
                          {"why", mqtt::to_string(why)}, {"topic", topic}, {"client", client_id}}) +
                      "\n";
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::runtime_error("the file of losses cannot be written: " +
                                 std::generic_category().message(errno));
    }
}

}  // namespace evergrass::testbed
