// A group in a file, as `evergrass why` and `evergrass check` read it: no bytes may do more than be
// refused, and what is accepted can be routed by and explained.

#include "edge/router/end_name.hpp"
#include "edge/router/explain.hpp"
#include "edge/router/group_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace edge = evergrass::edge;
    const auto group =
        edge::parse_group_file(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!group) {
        return 0;
    }
    const auto known = group->known_ends();
    const auto table = edge::routing_table::build(group->subscriptions);
    if (!table || (*table)->entries().empty()) {
        return 0;
    }
    const auto& entry = (*table)->entries().front();
    const edge::explain_lookups nobody_knows{
        [](const edge::endpoint&) {
            return edge::end_state{false, std::nullopt};
        },
        [](const edge::endpoint&) { return edge::end_state{}; }};
    const auto topic = std::string("a/b");
    const auto told = edge::explain(**table, {*entry.source, topic, std::nullopt}, nobody_knows);
    // Explained is what would be done.
    if (told.delivered() != (*table)->may_publish(*entry.source, topic)) {
        std::abort();
    }
    evergrass::json::serialize(edge::to_json(told));
    edge::parse_end_name(edge::end_name(*entry.source), known);
    return 0;
}
