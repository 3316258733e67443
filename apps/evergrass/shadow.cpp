#include "apps/evergrass/shadow.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/invoke.hpp"
#include "libs/base/errors.hpp"

#include <chrono>
#include <iostream>

namespace evergrass::cli {
namespace {

constexpr int done = 0;
constexpr int refused = 1;
constexpr int no_answer = 2;
constexpr std::chrono::seconds longer_than_a_watch{40};

json::object question(const shadow_options& options, std::string_view operation) {
    json::object asked{{"operation", operation}};
    if (!options.thing.empty()) {
        asked["thing"] = options.thing;
    }
    if (!options.name.empty()) {
        asked["name"] = options.name;
    }
    return asked;
}

result<json::object> ask(const shadow_options& options, const json::object& asked) {
    return ask_core(options.socket.value_or(socket_of_root(options.root)), "/shadow", asked,
                    longer_than_a_watch);
}

int complain(std::string_view verb, const error& why) {
    std::cerr << "evergrass shadow " << verb << ": " << failure_text(why) << "\n";
    return no_answer;
}

void print(const shadow_options& options, const json::value& body) {
    std::cout << (options.json ? json::serialize(body) + "\n" : to_pretty_json(body)) << std::flush;
}

// The body of `accepted`, or why it was not.
int tell(const shadow_options& options, std::string_view verb, const json::object& answer) {
    if (const auto* accepted = object_member(answer, "accepted")) {
        print(options, *accepted);
        return done;
    }
    const auto* why = object_member(answer, "rejected");
    if (options.json && why != nullptr) {
        print(options, *why);
    } else {
        static const json::object nothing;
        const auto& told = why != nullptr ? *why : nothing;
        std::cerr << "evergrass shadow " << verb << ": "
                  << string_member(told, "message").value_or("the core refused it") << " ("
                  << int_member(told, "code").value_or(0) << ")\n";
    }
    return refused;
}

int run(const shadow_options& options, std::string_view verb, const json::object& asked) {
    const auto answer = ask(options, asked);
    return answer ? tell(options, verb, *answer) : complain(verb, answer.error());
}

result<json::value> section_of(const std::string& named, const char* option) {
    const auto text = read_payload(named);
    if (!text) {
        return with_context(text.error(), option);
    }
    auto section = parse_json(*text);
    if (!section) {
        return with_context(section.error(), option);
    }
    if (!section->is_object() && !section->is_null()) {
        return error{errc::invalid_input,
                     std::string(option) + R"( is no JSON object, as {"on": true} is, or null)"};
    }
    return section;
}

}  // namespace

result<std::string> update_payload(const shadow_options& options) {
    if (options.payload) {
        return read_payload(*options.payload);
    }
    json::object state;
    if (options.desired) {
        auto section = section_of(*options.desired, "--desired");
        if (!section) {
            return section.error();
        }
        state["desired"] = std::move(*section);
    }
    if (options.reported) {
        auto section = section_of(*options.reported, "--reported");
        if (!section) {
            return section.error();
        }
        state["reported"] = std::move(*section);
    }
    if (state.empty()) {
        return error{errc::invalid_input,
                     R"(say what to update: --desired or --reported, as '{"on": true}', or )"
                     R"(--payload with the whole '{"state": ...}')"};
    }
    return json::serialize(json::object{{"state", std::move(state)}});
}

int run_shadow_get(const shadow_options& options) {
    return run(options, "get", question(options, "get"));
}

int run_shadow_update(const shadow_options& options) {
    auto payload = update_payload(options);
    if (!payload) {
        return complain("update", payload.error());
    }
    auto asked = question(options, "update");
    asked["payload"] = std::move(*payload);
    return run(options, "update", asked);
}

int run_shadow_delete(const shadow_options& options) {
    return run(options, "delete", question(options, "delete"));
}

int run_shadow_list(const shadow_options& options) {
    const auto answer = ask(options, question(options, "list"));
    if (!answer) {
        return complain("list", answer.error());
    }
    const auto* all = array_member(*answer, "shadows");
    if (all == nullptr) {
        return tell(options, "list", *answer);
    }
    if (options.json) {
        print(options, *all);
        return done;
    }
    for (const auto& each : *all) {
        if (const auto* one = each.if_object()) {
            const auto name = string_member(*one, "name").value_or("");
            std::cout << string_member(*one, "thing").value_or("?")
                      << (name.empty() ? "" : " --name " + name) << "\n";
        }
    }
    return done;
}

int run_shadow_watch(const shadow_options& options) {
    auto asked = question(options, "watch");
    for (;;) {
        const auto answer = ask(options, asked);
        if (!answer) {
            return complain("watch", answer.error());
        }
        if (answer->contains("unchanged")) {
            continue;
        }
        const auto* accepted = object_member(*answer, "accepted");
        if (accepted == nullptr) {
            const auto* why = object_member(*answer, "rejected");
            if (why == nullptr || int_member(*why, "code") != 404) {
                return tell(options, "watch", *answer);
            }
            print(options, nullptr);  // there is none
            asked["version"] = 0;
            continue;
        }
        print(options, *accepted);
        asked["version"] = int_member(*accepted, "version").value_or(0);
    }
}

}  // namespace evergrass::cli
