// What a core asks of its service: the first line is a header's text and a query, the rest the
// body. Ranges stay in their file, and what is taken of addresses is complete.

#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/post_core_logs.hpp"
#include "edge/logs/log_line.hpp"
#include "libs/http/response_writer.hpp"
#include "tests/fuzz/next_line.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace evergrass;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_as_range(std::string_view header) {
    for (const std::uint64_t total : {0ULL, 1ULL, 1000ULL, ~0ULL}) {
        const auto range = http::parse_range(header, total);
        if (range && *range) {
            check((*range)->size > 0 && (*range)->first < total &&
                  (*range)->size <= total - (*range)->first);
        }
    }
}

void read_as_page(std::string_view text) {
    cloud::call from;
    from.input["MaxResults"] = text.substr(0, text.size() / 2);
    from.input["NextToken"] = text.substr(text.size() / 2);
    if (const auto page = cloud::requested_page(from, cloud::greengrass_paging)) {
        check(page->size >= 1 && page->size <= cloud::greengrass_paging.largest_size);
    }
    from.input["MaxResults"] = 7;
    from.input["NextToken"] = cloud::page_token(text);
    const auto next = cloud::requested_page(from, cloud::greengrass_paging);
    check(next && next->size == 7 && next->after == text);
}

void read_as_body(std::string_view body) {
    http::request asked;
    asked.body = body;
    const auto object = cloud::greengrass::body_object(asked);
    const auto* entries = object ? array_member(*object, "entries") : nullptr;
    const auto read = entries != nullptr ? cloud::greengrass::read_connectivity_entries(*entries)
                                         : result<json::array>(json::array());
    check(!read || entries == nullptr || read->size() == entries->size());
    if (read) {
        const auto again = cloud::greengrass::read_connectivity_entries(*read);
        check(again && *again == *read);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = evergrass::fuzz::next_line(text);
    read_as_range(line);
    read_as_page(line);
    if (const auto head = edge::read_line_head(line)) {
        check(line.substr(1, 13) ==
                  format_iso8601(wall_time(std::chrono::milliseconds(head->at_ms))).substr(0, 13) ||
              line[18] == '6');  // a leap second
    }
    http::request asked;
    asked.method = "GET";
    asked.target = "/evergrass/v1/cores/c/deployment?" + std::string(line);
    const auto poll = cloud::greengrass::read_deployment_poll(asked);
    check(poll.wait.count() >= 0 && poll.wait.count() <= 60);
    static_cast<void>(cloud::greengrass::is_core_logs_path("POST", line));
    read_as_body(text);
    return 0;
}
