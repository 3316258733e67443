#include "libs/mqtt/policy.hpp"

#include "libs/base/random.hpp"

namespace evergrass::mqtt {

std::string policy::assign_client_id(const client_identity&) {
    return uuid_v4();
}

void policy::connected(const client_info&, bool) {}
void policy::disconnected(const client_info&, bool, std::string_view) {}
void policy::lost(loss, std::string_view, std::string_view, std::string_view) {}
void policy::routed(std::string_view, const client_info*, std::size_t) {}

}  // namespace evergrass::mqtt
