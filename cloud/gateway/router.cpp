#include "cloud/gateway/router.hpp"

#include "libs/base/encoding.hpp"

#include <algorithm>
#include <array>

namespace evergrass::cloud {
namespace {

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> segments;
    if (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    std::size_t start = 0;
    while (start <= path.size()) {
        const auto end = std::min(path.find('/', start), path.size());
        segments.push_back(path.substr(start, end - start));
        start = end + 1;
    }
    return segments;
}

// `$reset` may come as %24reset (spec/cloud.md §1.1).
bool is_literally(std::string_view raw, std::string_view literal) {
    if (raw == literal) {
        return true;
    }
    if (raw.find('%') == std::string_view::npos) {
        return false;
    }
    const auto decoded = percent_decode(raw);
    return decoded && *decoded == literal;
}

bool has_pair(std::string_view query, std::string_view pair) {
    std::size_t start = 0;
    while (start < query.size()) {
        const auto end = std::min(query.find('&', start), query.size());
        if (query.substr(start, end - start) == pair) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

}  // namespace

std::string_view service_of_signing_name(std::string_view signing_name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> names = {{
        {"greengrass", "greengrass"},
        {"iot", "iot"},
        {"execute-api", "iot"},
        {"iotdata", "iot-data"},
        {"iotdevicegateway", "iot-data"},
        {"iot-jobs-data", "iot-jobs-data"},
        {"lambda", "lambda"},
        {"secretsmanager", "secretsmanager"},
        {"logs", "logs"},
        {"iam", "iam"},
        {"sts", "sts"},
    }};
    for (const auto& [signing, service] : names) {
        if (signing == signing_name) {
            return service;
        }
    }
    return {};
}

router::router(const service_model& model) {
    for (const auto& operation : model.operations()) {
        const auto mark = operation.uri.find('?');
        route made;
        made.operation = &operation;
        if (mark != std::string_view::npos) {
            made.demanded_query = operation.uri.substr(mark + 1);
        }
        for (const auto text : split_path(operation.uri.substr(0, mark))) {
            using kind = segment::kind;
            if (text.starts_with('{') && text.ends_with("+}")) {
                made.segments.push_back({kind::greedy, text.substr(1, text.size() - 3)});
            } else if (text.starts_with('{') && text.ends_with('}')) {
                made.segments.push_back({kind::label, text.substr(1, text.size() - 2)});
            } else {
                made.segments.push_back({kind::literal, text});
            }
        }
        routes_[operation.method].push_back(std::move(made));
    }
    for (auto& [method, routes] : routes_) {
        std::stable_sort(routes.begin(), routes.end(), before);
    }
}

bool router::before(const route& a, const route& b) {
    const auto shorter = std::min(a.segments.size(), b.segments.size());
    for (std::size_t i = 0; i < shorter; ++i) {
        if (a.segments[i].what != b.segments[i].what) {
            return a.segments[i].what < b.segments[i].what;
        }
    }
    if (a.segments.size() != b.segments.size()) {
        return a.segments.size() > b.segments.size();
    }
    return a.demanded_query.size() > b.demanded_query.size();
}

bool router::matches(const route& r, const std::vector<std::string_view>& path, route_match& into) {
    into.labels.clear();
    for (std::size_t i = 0; i < r.segments.size(); ++i) {
        if (i >= path.size()) {
            return false;
        }
        const auto& wanted = r.segments[i];
        if (wanted.what == segment::kind::literal) {
            if (!is_literally(path[i], wanted.text)) {
                return false;
            }
            continue;
        }
        if (path[i].empty()) {
            return false;
        }
        if (wanted.what == segment::kind::greedy) {
            // No model has a segment behind a greedy label: it takes the rest.
            const auto* end = path.back().data() + path.back().size();
            into.labels.emplace_back(
                wanted.text,
                std::string_view(path[i].data(), static_cast<std::size_t>(end - path[i].data())));
            return i + 1 == r.segments.size();
        }
        into.labels.emplace_back(wanted.text, path[i]);
    }
    return path.size() == r.segments.size();
}

route_match router::match(std::string_view method, std::string_view raw_path,
                          std::string_view raw_query) const {
    route_match found;
    const auto routes = routes_.find(method);
    if (routes == routes_.end()) {
        return found;
    }
    const auto path = split_path(raw_path);
    for (const auto& candidate : routes->second) {
        const bool demanded =
            candidate.demanded_query.empty() || has_pair(raw_query, candidate.demanded_query);
        if (demanded && matches(candidate, path, found)) {
            found.operation = candidate.operation;
            return found;
        }
    }
    found.labels.clear();
    return found;
}

}  // namespace evergrass::cloud
