#include "edge/config/reading.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {
namespace {

using contract::field_reader;

const std::vector<std::string_view> lan_members = {"port", "address", "avahiServices"};

}  // namespace

result<void> read_lan_discovery(const json::object& top, core_config& config) {
    field_reader of_top(top, "");
    const auto* given = of_top.object("lanDiscovery");
    if (!of_top.outcome() || given == nullptr) {
        return of_top.outcome();
    }
    note_unknown(*given, "lanDiscovery", lan_members, config);
    field_reader in(*given, "lanDiscovery");
    lan_settings_of_file read;
    read.port = static_cast<std::uint16_t>(read_in_range(in, "port", read.port, 0, 65'535));
    read.address = in.text("address", "");
    read.avahi_services = in.text("avahiServices", "/etc/avahi/services");
    if (!read.avahi_services.empty() && !read.avahi_services.is_absolute()) {
        return error{errc::invalid_input,
                     "'lanDiscovery.avahiServices' is '" + read.avahi_services.string() +
                         "': give an absolute path, or \"\" to announce nothing"};
    }
    config.lan_discovery = std::move(read);
    return in.outcome();
}

}  // namespace evergrass::edge
