#include "cloud/gateway/paging.hpp"
#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/records.hpp"

#include <algorithm>

namespace evergrass::cloud::iot {
namespace {

constexpr paging_style retained_paging{"maxResults", "nextToken", "InvalidRequestException", 25,
                                       200};

}  // namespace

// In the order of the topics' bytes. Without lastModifiedTime: when a message was retained is not
// kept.
api_result list_retained_messages(hub& devices, const call& from) {
    const auto wanted = requested_page(from, retained_paging);
    if (!wanted) {
        return wanted.error();
    }
    auto all = devices.retained("#");
    std::erase_if(all, [&](const auto& each) { return each->topic <= wanted->after; });
    const auto rows = std::min(all.size(), static_cast<std::size_t>(wanted->rows_to_read()));
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(rows), all.end(),
                      [](const auto& a, const auto& b) { return a->topic < b->topic; });
    all.resize(rows);
    const auto next = cut_to_page(all, *wanted, [](const auto& each) { return each->topic; });
    json::array topics;
    for (const auto& each : all) {
        topics.push_back(json::object{{"topic", each->topic},
                                      {"payloadSize", each->payload->size()},
                                      {"qos", static_cast<int>(each->level)}});
    }
    json::object output = {{"retainedTopics", std::move(topics)}};
    if (next) {
        output["nextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot
