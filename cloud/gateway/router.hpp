#pragma once

#include "cloud/gateway/model.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// The model that a SigV4 credential scope means: IoT signs as `execute-api` or `iot` by the
// client's age (spec/cloud.md §6.1). Empty: none that is served here.
std::string_view service_of_signing_name(std::string_view signing_name);

struct route_match {
    const modelled_operation* operation = nullptr;
    // Label to its text in the path, still percent-encoded.
    std::vector<std::pair<std::string_view, std::string_view>> labels;
};

// Finds the operation by method and raw path of the model's URIs. Segments are compared before
// decoding, so an encoded slash (%2F) belongs to its segment; literal segments win over labels,
// `?name=value` in the model over none. A slash at the end doesn't matter. Immutable, any thread.
class router {
public:
    explicit router(const service_model& model);

    // operation is null when there is none. `raw_path` and `raw_query` as on the wire.
    route_match match(std::string_view method, std::string_view raw_path,
                      std::string_view raw_query) const;

private:
    struct segment {
        enum class kind { literal, label, greedy } what;
        std::string_view text;
    };
    struct route {
        std::vector<segment> segments;
        std::string_view demanded_query;
        const modelled_operation* operation;
    };

    static bool before(const route& a, const route& b);
    static bool matches(const route& r, const std::vector<std::string_view>& path,
                        route_match& into);

    // By method, best first.
    std::map<std::string_view, std::vector<route>> routes_;
};

}  // namespace evergrass::cloud
