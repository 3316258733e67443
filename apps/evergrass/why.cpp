#include "apps/evergrass/why.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "edge/router/end_name.hpp"
#include "edge/router/explain.hpp"
#include "edge/router/group_file.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/mqtt/types.hpp"

#include <iostream>

namespace evergrass::cli {
namespace {

constexpr int delivered = 0;
constexpr int not_delivered = 1;
constexpr int no_answer = 2;

edge::explain_lookups states_of(const edge::group_file& group) {
    const auto state = [&group](const edge::endpoint& e) {
        if (group.has(e) != false) {
            return edge::end_state{false, std::nullopt};
        }
        const auto missing =
            e.kind == edge::endpoint_kind::device     ? edge::drop_reason::certificate_not_in_group
            : e.kind == edge::endpoint_kind::function ? edge::drop_reason::function_stopped
                                                      : edge::drop_reason::no_such_target;
        return edge::end_state{true, missing};
    };
    return {state, state};
}

result<json::object> answer_of(const why_options& options) {
    if (options.file) {
        const auto text = read_file(*options.file);
        if (!text) {
            return text.error();
        }
        auto answer = why_of_file(options, *text);
        return answer ? answer : with_context(answer.error(), options.file->string());
    }
    json::object question{{"from", options.from}, {"topic", options.topic}};
    if (options.to) {
        question["to"] = *options.to;
    }
    return ask_core(options.socket.value_or(socket_of_root(options.root)), "/why", question);
}

}  // namespace

result<json::object> why_of_file(const why_options& options, std::string_view text) {
    const auto group = edge::parse_group_file(text);
    if (!group) {
        return group.error();
    }
    const auto table = edge::routing_table::build(group->subscriptions);
    if (!table) {
        return table.error();
    }
    const auto known = group->known_ends();
    auto from = edge::parse_end_name(options.from, known);
    if (!from) {
        return with_context(from.error(), "--from");
    }
    if (auto checked = mqtt::check_topic_name(options.topic); !checked) {
        return with_context(checked.error(), "--topic '" + options.topic + "'");
    }
    edge::question asked{std::move(*from), options.topic, std::nullopt};
    if (options.to) {
        auto to = edge::parse_end_name(*options.to, known);
        if (!to) {
            return with_context(to.error(), "--to");
        }
        asked.to = std::move(*to);
    }
    auto answer = edge::to_json(edge::explain(**table, asked, states_of(*group)));
    answer["live"] = false;
    answer["fileKind"] = group->kind;
    return answer;
}

int run_why(const why_options& options) {
    const auto answer = answer_of(options);
    if (!answer) {
        std::cerr << "evergrass why: " << failure_text(answer.error()) << "\n";
        return no_answer;
    }
    std::cout << (options.json ? json::serialize(*answer) + "\n" : why_picture(*answer));
    return bool_member(*answer, "delivered").value_or(false) ? delivered : not_delivered;
}

}  // namespace evergrass::cli
