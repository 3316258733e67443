#include "edge/cloud_link/session_file.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/mqtt/types.hpp"

namespace evergrass::edge {
namespace {

constexpr std::int64_t format_version = 1;
constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;
constexpr std::int64_t max_number = 999;

error corrupt(std::string what) {
    return {errc::corrupt, std::move(what)};
}

}  // namespace

result<kept_sessions> parse_session_text(std::string_view text) {
    const auto document = parse_json(text);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr) {
        return corrupt("it holds no JSON object");
    }
    const auto* version = object->if_contains("version");
    const auto* number = version != nullptr ? version->if_int64() : nullptr;
    if (number == nullptr) {
        return corrupt("'version' is missing");
    }
    if (*number != format_version) {
        return error{errc::unsupported, "it is of version " + std::to_string(*number) +
                                            "; this build reads version 1"};
    }
    kept_sessions out;
    auto ids = string_member(*object, "clientIds");
    const auto* sessions = object->if_contains("sessions");
    if (!ids || sessions == nullptr || !sessions->is_array()) {
        return corrupt("'clientIds' or 'sessions' is missing");
    }
    out.client_ids = std::move(*ids);
    for (const auto& session : sessions->get_array()) {
        const auto* one = session.if_object();
        const auto* which = one != nullptr ? one->if_contains("number") : nullptr;
        const auto* filters = one != nullptr ? one->if_contains("filters") : nullptr;
        if (which == nullptr || !which->is_int64() || filters == nullptr || !filters->is_array() ||
            which->get_int64() < 1 || which->get_int64() > max_number) {
            return corrupt("one of 'sessions' has no 'number' of 1 to 999, or no 'filters'");
        }
        auto& into = out.filters[static_cast<unsigned>(which->get_int64())];
        for (const auto& filter : filters->get_array()) {
            const auto* name = filter.if_string();
            if (name == nullptr || !mqtt::check_topic_filter(*name)) {
                return corrupt("one of 'filters' is none");
            }
            into.emplace(*name);
        }
    }
    return out;
}

std::string write_session_text(const kept_sessions& sessions) {
    json::array all;
    for (const auto& [number, names] : sessions.filters) {
        json::array filters;
        for (const auto& name : names) {
            filters.emplace_back(name);
        }
        all.push_back(json::object{{"number", number}, {"filters", std::move(filters)}});
    }
    return json::serialize(json::object{{"version", format_version},
                                        {"clientIds", sessions.client_ids},
                                        {"sessions", std::move(all)}}) +
           "\n";
}

result<kept_sessions> read_session_file(const std::filesystem::path& file) {
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown) && !unknown) {
        return kept_sessions{};
    }
    const auto text = read_file(file, max_file_bytes);
    if (!text) {
        return text.error();
    }
    auto parsed = parse_session_text(*text);
    if (!parsed) {
        return with_context(parsed.error(), file.string());
    }
    return parsed;
}

result<void> write_session_file(const std::filesystem::path& file, std::string_view text) {
    if (auto made = make_directories(file.parent_path(), 0700); !made) {
        return made;
    }
    return write_file_atomically(file, text, 0600);
}

}  // namespace evergrass::edge
