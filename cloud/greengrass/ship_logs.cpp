#include "cloud/greengrass/ship_logs.hpp"

#include "cloud/upstream/refusal.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <cstddef>
#include <cstdint>

namespace evergrass::cloud::greengrass {
namespace {

// Of one PutLogEvents, as AWS documents them.
constexpr std::size_t most_events = 10'000;
constexpr std::size_t most_bytes = 1'048'576;
constexpr std::size_t bytes_besides_message = 26;
constexpr std::int64_t longest_span_ms = 24LL * 60 * 60 * 1000;

// What the service answers, or nullopt: it did what was asked.
result<std::optional<upstream::refusal>> ask(const upstream::client& to, std::string_view operation,
                                             const json::object& input) {
    const auto answered =
        to.ask_json("logs", "Logs_20140328." + std::string(operation), json::serialize(input));
    if (!answered) {
        return answered.error();
    }
    if (answered->status == 200) {
        return std::optional<upstream::refusal>();
    }
    return std::optional(upstream::read_refusal(*answered));
}

error refused_by(const upstream::client& to, const upstream::refusal& why) {
    return {why.may_pass() ? errc::unavailable : errc::denied,
            "logs at " + to.url_of("logs") + " answered " + why.to_string()};
}

// One that is there already is what was wanted.
result<void> make(const upstream::client& to, std::string_view operation,
                  const json::object& input) {
    const auto refused = ask(to, operation, input);
    if (!refused) {
        return refused.error();
    }
    if (*refused && (*refused)->code != "ResourceAlreadyExistsException") {
        return refused_by(to, **refused);
    }
    return {};
}

result<void> put(const upstream::client& to, const told_log& told, const json::array& events) {
    const json::object input{
        {"logGroupName", told.group}, {"logStreamName", told.stream}, {"logEvents", events}};
    auto refused = ask(to, "PutLogEvents", input);
    if (refused && *refused && (*refused)->code == "ResourceNotFoundException") {
        if (auto made = make(to, "CreateLogGroup", {{"logGroupName", told.group}}); !made) {
            return made;
        }
        if (auto made = make(to, "CreateLogStream",
                             {{"logGroupName", told.group}, {"logStreamName", told.stream}});
            !made) {
            return made;
        }
        refused = ask(to, "PutLogEvents", input);
    }
    if (!refused) {
        return refused.error();
    }
    return *refused ? result<void>(refused_by(to, **refused)) : result<void>();
}

}  // namespace

result<void> ship_logs(const upstream::client& to, const told_log& told) {
    json::array batch;
    std::size_t bytes = 0;
    std::int64_t first = 0;
    for (const auto& event : told.events) {
        const auto size = event.message.size() + bytes_besides_message;
        const bool is_full = batch.size() == most_events || bytes + size > most_bytes ||
                             event.at - first >= longest_span_ms;
        if (!batch.empty() && is_full) {
            if (auto done = put(to, told, batch); !done) {
                return done;
            }
            batch.clear();
            bytes = 0;
        }
        if (batch.empty()) {
            first = event.at;
        }
        batch.push_back(json::object{{"timestamp", event.at}, {"message", event.message}});
        bytes += size;
    }
    return batch.empty() ? result<void>() : put(to, told, batch);
}

}  // namespace evergrass::cloud::greengrass
