#pragma once

#include "edge/router/drop_book.hpp"
#include "edge/router/drop_reason.hpp"
#include "edge/router/table.hpp"
#include "libs/base/json.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Why a message arrives or does not: the answer of `evergrass why`, for a live core and for a group
// that is only a file. Pure.
namespace evergrass::edge {

struct question {
    endpoint source;
    std::string topic;           // concrete; the caller has checked it
    std::optional<endpoint> to;  // none: every target
};

// What is known of an end apart from the table.
struct end_state {
    bool known = true;                // false: nobody can say, as for a group in a file
    std::optional<drop_reason> drop;  // why it would not take, or not send, a message
};

struct explain_lookups {
    std::function<end_state(const endpoint& target)> of_target;  // never null
    std::function<end_state(const endpoint& source)> of_source;  // never null
};

enum class nearness {
    matched,          // source and subject fit, and the target is one that was asked for
    other_target,     // source and subject fit, but it leads elsewhere than asked
    subject_differs,  // the source's, with another subject
    other_source,     // the subject fits, the source is another
};
std::string_view to_string(nearness n);

// A subscription that has to do with the question.
struct considered_subscription {
    nearness near = nearness::matched;
    std::string id;
    endpoint source;
    endpoint target;
    std::string subject;
    // For subject_differs: where, and both levels there. nullopt: it has no level there.
    std::size_t level = 0;
    std::optional<std::string> subject_level;
    std::optional<std::string> topic_level;
    bool reserved = false;  // a leading wildcard covers no topic that begins with '$'
};

struct target_outcome {
    endpoint target;
    std::vector<std::string> subscriptions;  // ids of those that lead to it
    bool known = true;                       // false: the table says yes, its state is not known
    std::optional<drop_reason> drop;         // nullopt and known: it gets the message
};

struct explanation {
    question asked;
    std::vector<considered_subscription> considered;  // nearest first, at most max_considered
    std::size_t left_out = 0;                         // more of them
    std::vector<target_outcome> targets;
    // Why the message reaches nobody at all: the source is refused, or nothing matches.
    std::optional<drop_reason> drop;

    // Every target (that was asked for) gets it, as far as is known.
    bool delivered() const;
};

constexpr std::size_t max_considered = 50;

explanation explain(const routing_table& table, const question& asked,
                    const explain_lookups& states);

// {"delivered", "source", "topic", "to", "drop", "considered": [...], "targets": [...]}; a drop is
// {"name", "sentence", "nextStep"} or null. docs/cli.md has it whole.
json::object to_json(const explanation& e);
json::object to_json(const drop_record& r);

}  // namespace evergrass::edge
