#include "cloud/gateway/input.hpp"

#include "libs/base/encoding.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

using query_pairs = std::vector<std::pair<std::string, std::string>>;

class input_reader {
public:
    input_reader(const service_model& model, const route_match& route, http::request& asked,
                 call_input& into)
        : model_(model),
          route_(route),
          asked_(asked),
          into_(into),
          check_(model),
          query_(http::parse_query(asked.query())) {}

    std::vector<violation> read() {
        if (!route_.operation->input) {
            return {};
        }
        const auto& input = model_.at(*route_.operation->input);
        for (const auto& wanted : input.members) {
            read_outside_body(wanted);
        }
        if (input.payload != nullptr) {
            read_payload(*input.payload);
        } else if (has_body_members(input)) {
            read_body(input);
        }
        if (!unreadable_) {
            check_.require_members(input, into_.members, "");
        }
        return check_.violations();
    }

private:
    static bool has_body_members(const shape& input) {
        return std::any_of(input.members.begin(), input.members.end(),
                           [](const member& m) { return m.where == place::body; });
    }

    void refuse_as_unreadable(std::string_view path, std::string why) {
        unreadable_ = true;
        check_.note({violation_kind::unreadable, std::string(path), "", std::move(why), {}});
    }

    void put(const member& wanted, std::string_view text) {
        if (!is_utf8(text)) {
            refuse_as_unreadable(wanted.name, "it is not UTF-8");
            return;
        }
        auto checked = check_.from_text(model_.at(wanted.shape), text, std::string(wanted.name));
        // A wrong one stays as null: it is not missing too.
        into_.members[wanted.name] = checked ? std::move(*checked) : json::value();
    }

    void read_outside_body(const member& wanted) {
        switch (wanted.where) {
            case place::uri:
                read_label(wanted);
                break;
            case place::query:
                read_query(wanted);
                break;
            case place::header:
                read_header(wanted);
                break;
            default:
                break;
        }
    }

    void read_label(const member& wanted) {
        for (const auto& [label, raw] : route_.labels) {
            if (label != wanted.wire_name) {
                continue;
            }
            if (const auto text = percent_decode(raw)) {
                put(wanted, *text);
            } else {
                refuse_as_unreadable(wanted.name, "its percent escape is broken");
            }
        }
    }

    void read_query(const member& wanted) {
        if (model_.at(wanted.shape).type == shape_type::list) {
            read_query_list(wanted);
            return;
        }
        for (const auto& [name, value] : query_) {
            if (name == wanted.wire_name) {
                put(wanted, value);
            }
        }
    }

    // tagKeys=a&tagKeys=b
    void read_query_list(const member& wanted) {
        json::array list;
        for (const auto& [name, value] : query_) {
            if (name == wanted.wire_name) {
                if (!is_utf8(value)) {
                    refuse_as_unreadable(wanted.name, "it is not UTF-8");
                    return;
                }
                list.emplace_back(value);
            }
        }
        if (list.empty()) {
            return;
        }
        auto checked =
            check_.from_json(model_.at(wanted.shape), std::move(list), std::string(wanted.name));
        into_.members[wanted.name] = checked ? std::move(*checked) : json::value();
    }

    void read_header(const member& wanted) {
        const auto value = asked_.headers.get(wanted.wire_name);
        if (!value) {
            return;
        }
        if (!wanted.is_json) {
            put(wanted, *value);
            return;
        }
        if (const auto text = base64_decode(*value)) {
            put(wanted, *text);
        } else {
            refuse_as_unreadable(wanted.name, "the header is not base64");
        }
    }

    void read_payload(const member& wanted) {
        const auto& content = model_.at(wanted.shape);
        if (asked_.body.empty()) {
            if (wanted.required) {
                check_.note({violation_kind::missing,
                             std::string(wanted.name),
                             "",
                             "Member must not be null",
                             {}});
            }
        } else if (content.type == shape_type::structure) {
            if (auto body = parsed_body()) {
                auto checked =
                    check_.from_json(content, std::move(*body), std::string(wanted.name));
                into_.members[wanted.name] = checked ? std::move(*checked) : json::value();
            }
        } else {
            check_.check_size(content, asked_.body.size(), std::string(wanted.name), "bytes");
            into_.payload = std::move(asked_.body);
        }
    }

    std::optional<json::object> parsed_body() {
        if (asked_.body.find_first_not_of(" \t\r\n") == std::string::npos) {
            return json::object();
        }
        auto body = parse_json(asked_.body);
        if (!body) {
            refuse_as_unreadable("", body.error().context);
            return std::nullopt;
        }
        if (!body->is_object()) {
            refuse_as_unreadable("", "the body is not a JSON object");
            return std::nullopt;
        }
        return std::move(body->get_object());
    }

    void read_body(const shape& input) {
        if (auto body = parsed_body()) {
            check_.members_from_json(input, std::move(*body), "", into_.members);
        }
    }

    const service_model& model_;
    const route_match& route_;
    http::request& asked_;
    call_input& into_;
    validator check_;
    query_pairs query_;
    bool unreadable_ = false;
};

}  // namespace

std::vector<violation> read_input(const service_model& model, const route_match& route,
                                  http::request& asked, call_input& into) {
    return input_reader(model, route, asked, into).read();
}

}  // namespace evergrass::cloud
