#include "libs/shadow/document.hpp"

#include "libs/base/encoding.hpp"
#include "libs/shadow/change.hpp"
#include "libs/shadow/errors.hpp"
#include "libs/shadow/metadata.hpp"
#include "libs/shadow/parse.hpp"
#include "libs/shadow/print.hpp"

#include <cmath>
#include <utility>

namespace evergrass::shadow {
namespace {

// Far above max_depth, which gets an answer of its own, and safe for the parser.
constexpr std::size_t deepest_parsed = 64;

error bad_request(std::string message) {
    return {errc::bad_request, std::move(message)};
}

result<json::object> parse_object(std::string_view payload) {
    if (payload.size() > max_request_bytes) {
        return refused(errc::too_large);
    }
    if (!is_utf8(payload)) {
        return refused(errc::unsupported_encoding);
    }
    auto parsed = parse(payload, deepest_parsed);
    if (!parsed || !parsed->is_object()) {
        return bad_request("Invalid JSON");
    }
    return std::move(parsed->get_object());
}

result<void> read_client_token(const json::object& request,
                               std::optional<std::string>& client_token) {
    const auto* token = request.if_contains("clientToken");
    if (token == nullptr || token->is_null()) {
        return {};
    }
    if (!token->is_string() || token->get_string().size() > max_client_token_bytes) {
        return bad_request("Invalid clientToken");
    }
    client_token = std::string(token->get_string());
    return {};
}

result<std::optional<std::int64_t>> read_version(const json::object& request) {
    const auto* version = request.if_contains("version");
    if (version == nullptr || version->is_null()) {
        return std::optional<std::int64_t>();
    }
    const auto number = int_member(request, "version");
    if (!number || *number < 0) {
        return bad_request("Invalid version");
    }
    return number;
}

// A member on the way to the value that is looked at, for its error.
struct place {
    const place* outer;
    std::string_view name;

    std::string path() const {
        return outer != nullptr ? outer->path() + "." + std::string(name) : std::string(name);
    }
};

error invalid_node(const place& at, std::string_view why) {
    return bad_request("State contains an invalid node: '" + at.path() + "'; " + std::string(why));
}

result<void> check_value(const json::value& value, std::size_t depth, const place& at);

result<void> check_array(const json::array& array, std::size_t depth, const place& at) {
    for (const auto& element : array) {
        if (element.is_null()) {
            return invalid_node(at, "an array must not contain null");
        }
        if (auto checked = check_value(element, depth, at); !checked) {
            return checked;
        }
    }
    return {};
}

// `depth`: of the containers around the value.
result<void> check_value(const json::value& value, std::size_t depth, const place& at) {
    if (value.is_double() && !std::isfinite(value.get_double())) {
        return invalid_node(at, "the number is out of range");
    }
    if (!value.is_structured()) {
        return {};
    }
    if (depth == max_depth) {
        return bad_request("JSON contains too many levels of nesting; maximum is 6");
    }
    if (const auto* array = value.if_array()) {
        return check_array(*array, depth + 1, at);
    }
    for (const auto& member : value.get_object()) {
        auto checked = check_value(member.value(), depth + 1, {&at, member.key()});
        if (!checked) {
            return checked;
        }
    }
    return {};
}

result<void> check_state(const json::object& state) {
    for (const auto& section : state) {
        const std::string_view name(section.key());
        if (name != "desired" && name != "reported") {
            return bad_request("State contains an invalid node: '" + std::string(name) + "'");
        }
        if (!section.value().is_object() && !section.value().is_null()) {
            return bad_request(name == "desired" ? "Desired node must be an object"
                                                 : "Reported node must be an object");
        }
        if (auto checked = check_value(section.value(), 0, {nullptr, name}); !checked) {
            return checked;
        }
    }
    return {};
}

json::object& object_at(json::object& in, std::string_view name) {
    auto& value = in[name];
    if (!value.is_object()) {
        value = json::object();
    }
    return value.get_object();
}

// null removes, an object is merged into an object, all else replaces.
void merge(json::object& into, json::object& metadata, const json::object& change,
           std::int64_t now) {
    for (const auto& member : change) {
        const std::string_view name(member.key());
        const auto& value = member.value();
        if (value.is_null()) {
            if (const auto at = into.find(name); at != into.end()) {
                into.stable_erase(at);
            }
            if (const auto at = metadata.find(name); at != metadata.end()) {
                metadata.stable_erase(at);
            }
        } else if (const auto* object = value.if_object()) {
            const auto* before = into.if_contains(name);
            if (before == nullptr || !before->is_object()) {
                into[name] = json::object();
                metadata[name] = json::object();
            }
            merge(object_at(into, name), object_at(metadata, name), *object, now);
        } else {
            into[name] = value;
            stamp_again(metadata[name], value, now);
        }
    }
}

void drop_empty_sections(document& of) {
    for (const std::string_view name : {"desired", "reported"}) {
        const auto section = of.state.find(name);
        if (section != of.state.end() && section->value().get_object().empty()) {
            of.state.stable_erase(section);
            of.metadata.erase(name);
        }
    }
}

std::size_t state_bytes(const document& of) {
    std::size_t bytes = 0;
    for (const auto& section : of.state) {
        bytes += printed_size(section.value());
    }
    return bytes;
}

void differ(const json::object& wanted, const json::object& metadata, const json::object& had,
            difference& found) {
    for (const auto& member : wanted) {
        const std::string_view name(member.key());
        const auto& value = member.value();
        const auto* other = had.if_contains(name);
        const auto* written = metadata.if_contains(name);
        if (value.is_object() && other != nullptr && other->is_object()) {
            static const json::object none;
            const auto* inner = written != nullptr ? written->if_object() : nullptr;
            difference below;
            differ(value.get_object(), inner != nullptr ? *inner : none, other->get_object(),
                   below);
            if (!below.empty()) {
                found.state[name] = std::move(below.state);
                found.metadata[name] = std::move(below.metadata);
            }
        } else if (other == nullptr || !same(value, *other)) {
            found.state[name] = value;
            found.metadata[name] = written != nullptr ? *written : json::value(json::object());
        }
    }
}

}  // namespace

result<update_request> parse_update(std::string_view payload,
                                    std::optional<std::string>& client_token) {
    auto request = parse_object(payload);
    if (!request) {
        return request.error();
    }
    if (auto read = read_client_token(*request, client_token); !read) {
        return read.error();
    }
    auto* const state = request->if_contains("state");
    if (state == nullptr) {
        return bad_request("Missing required node: state");
    }
    if (!state->is_object() && !state->is_null()) {
        return bad_request("State node must be an object");
    }
    if (state->is_object()) {
        if (auto checked = check_state(state->get_object()); !checked) {
            return checked.error();
        }
    }
    const auto version = read_version(*request);
    if (!version) {
        return version.error();
    }
    return update_request{std::move(*state), *version};
}

result<void> parse_plain_request(std::string_view payload,
                                 std::optional<std::string>& client_token) {
    if (payload.size() <= max_request_bytes &&
        payload.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return {};
    }
    const auto request = parse_object(payload);
    if (!request) {
        return request.error();
    }
    return read_client_token(*request, client_token);
}

result<document> apply(document before, const update_request& update, std::int64_t now) {
    if (update.version && *update.version != before.version) {
        return refused(errc::version_conflict);
    }
    auto after = std::move(before);
    after.exists = true;
    ++after.version;
    if (const auto* change = update.state.if_object()) {
        merge(after.state, after.metadata, *change, now);
        drop_empty_sections(after);
    } else {
        after.state.clear();
        after.metadata.clear();
    }
    if (state_bytes(after) > max_state_bytes) {
        return refused(errc::too_large);
    }
    return after;
}

result<document> remove(const document& before, const shadow_id& which) {
    if (!before.exists) {
        return no_such_shadow(which);
    }
    document after;
    after.version = before.version;
    return after;
}

error no_such_shadow(const shadow_id& which) {
    return {errc::not_found, "No shadow exists with name: '" +
                                 (which.name.empty() ? which.thing : which.name) + "'"};
}

difference delta_of(const document& of) {
    static const json::object none;
    difference found;
    const auto* const desired = object_member(of.state, "desired");
    if (desired == nullptr) {
        return found;
    }
    const auto* const reported = object_member(of.state, "reported");
    const auto* const metadata = object_member(of.metadata, "desired");
    differ(*desired, metadata != nullptr ? *metadata : none, reported != nullptr ? *reported : none,
           found);
    return found;
}

}  // namespace evergrass::shadow
