// The resources of a manifest, as far as they are local.
#include "edge/resources/local_resources.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evergrass;

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

json::object to_json(const edge::local_resource& r) {
    json::object data{
        {"SourcePath", r.source},
        {"GroupOwnerSetting",
         {{"AutoAddGroupOwner", r.auto_add_group_owner}, {"GroupOwner", r.group_owner}}}};
    if (!r.is_device) {
        data["DestinationPath"] = r.destination;
    }
    const auto* kind = r.is_device ? "LocalDeviceResourceData" : "LocalVolumeResourceData";
    return {{"Id", r.id}, {"ResourceDataContainer", json::object{{kind, std::move(data)}}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parsed = parse_json({reinterpret_cast<const char*>(data), size});
    if (!parsed || !parsed->is_array()) {
        return 0;
    }
    const auto read = edge::read_local_resources(parsed->get_array());
    if (!read) {
        check(!read.error().message().empty());
        return 0;
    }
    check(read->size() <= parsed->get_array().size());
    json::array again;
    for (const auto& r : *read) {
        check(r.source.starts_with('/') && r.source.find('\0') == std::string::npos);
        check(r.destination.find('\0') == std::string::npos);
        check(r.is_device ? r.destination.empty() : r.destination.starts_with('/'));
        again.push_back(to_json(r));
    }
    const auto reread = edge::read_local_resources(again);
    check(reread && *reread == *read);
    return 0;
}
