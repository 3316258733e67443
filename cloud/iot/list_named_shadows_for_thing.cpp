#include "cloud/gateway/paging.hpp"
#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/iot/shadow_records.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr paging_style shadow_paging{"pageSize", "nextToken", "InvalidRequestException", 25, 100};

}  // namespace

// The registry isn't asked: a thing without an entry may have shadows, and one with an entry none.
api_result list_named_shadows_for_thing(store& state, const clock& time, const call& from) {
    const auto wanted = requested_page(from, shadow_paging);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = state.db().lock();
    auto names = list_shadow_names(state, required_text(from, "thingName"), wanted->after,
                                   wanted->rows_to_read());
    if (!names) {
        return internal_error(names.error());
    }
    const auto next = cut_to_page(*names, *wanted, [](const auto& name) { return name; });
    json::object output;
    output["results"] = json::array(names->begin(), names->end());
    output["timestamp"] = to_epoch_seconds(time.now());
    if (next) {
        output["nextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot
