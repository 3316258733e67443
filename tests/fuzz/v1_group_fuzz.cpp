// A group.json as `evergrass adopt` finds it on a disk that nobody vouches for: no bytes may do
// more than be refused, and what is accepted becomes a request, the same one each time.

#include "libs/v1_core/import_request.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace v1 = evergrass::v1;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    v1::read_old_config(text, "config.json");
    auto group = v1::read_group_file(text, "group.json");
    if (!group || !group->deployed) {
        return 0;
    }
    v1::old_core core;
    core.group = std::move(*group);
    core.models = {{"net", "/m/net"}, {"0a1b2c3d-0000", "/m/0a1b2c3d-0000"}};
    const auto plan = v1::plan_import(core, {});
    const auto again = v1::plan_import(core, {});
    if (!plan || !again ||
        evergrass::json::serialize(plan->request) != evergrass::json::serialize(again->request)) {
        std::abort();
    }
    return 0;
}
