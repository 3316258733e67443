#include "cloud/lambda/shared_invocations.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"

#include <chrono>
#include <utility>

namespace evergrass::cloud::lambda {
namespace {

using namespace std::chrono_literals;

// Who asked has given up by then: invocation_limits::fetch, and clocks that differ by seconds.
constexpr std::chrono::milliseconds stale_when_waiting = 20s;
// A service that was killed leaves its rows.
constexpr std::chrono::milliseconds forgotten_after = 1h;

std::string text_of_order(const core_order& order) {
    return json::serialize(json::object{{"thing", order.thing},
                                        {"function", order.function},
                                        {"clientContext", order.client_context},
                                        {"payload", base64_encode(order.payload)},
                                        {"event", order.event},
                                        {"tail", order.wants_tail}});
}

std::optional<core_order> read_order(std::string id, const std::string& text) {
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) {
        return std::nullopt;
    }
    const auto& object = parsed->get_object();
    auto payload = base64_decode(string_member(object, "payload").value_or("?"));
    if (!payload) {
        return std::nullopt;
    }
    core_order order;
    order.id = std::move(id);
    order.thing = string_member(object, "thing").value_or("");
    order.function = string_member(object, "function").value_or("");
    order.client_context = string_member(object, "clientContext").value_or("");
    order.payload = std::move(*payload);
    order.event = bool_member(object, "event").value_or(false);
    order.wants_tail = bool_member(object, "tail").value_or(false);
    return order;
}

std::string text_of_outcome(const core_outcome& outcome) {
    return json::serialize(json::object{{"kind", static_cast<int>(outcome.what)},
                                        {"body", base64_encode(outcome.body)},
                                        {"version", outcome.executed_version},
                                        {"log", base64_encode(outcome.log_tail)}});
}

std::optional<core_outcome> read_outcome(const std::string& text) {
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) {
        return std::nullopt;
    }
    const auto& object = parsed->get_object();
    const auto kind = int_member(object, "kind");
    auto body = base64_decode(string_member(object, "body").value_or("?"));
    auto tail = base64_decode(string_member(object, "log").value_or("?"));
    if (!kind || *kind < 0 || *kind > static_cast<int>(core_outcome::kind::lost) || !body ||
        !tail) {
        return std::nullopt;
    }
    return core_outcome{static_cast<core_outcome::kind>(*kind), std::move(*body),
                        string_member(object, "version").value_or(""), std::move(*tail)};
}

}  // namespace

shared_invocations::shared_invocations(store& state, const clock& time, teller tell, logger log)
    : state_(state), time_(time), tell_(std::move(tell)), log_(std::move(log)) {}

bool shared_invocations::write(const core_order& order, bool taken) {
    const auto now = to_epoch_milliseconds(time_.now());
    const auto done = state_.db().transaction([&]() -> result<void> {
        auto cleared = state_.db().run("invocations.forget",
                                       "DELETE FROM core_invocations WHERE created_at < ?1",
                                       {now - forgotten_after.count()});
        return cleared ? state_.db().run(
                             "invocations.offer",
                             "INSERT INTO core_invocations(id, thing, created_at, taken, wanted)"
                             " VALUES(?1, ?2, ?3, ?4, ?5)",
                             {order.id, order.thing, now, std::int64_t{taken},
                              taken ? std::string() : text_of_order(order)})
                       : cleared;
    });
    if (!done) {
        log_.error("The other services could not be told of an invocation.",
                   {{"requestId", order.id}, {"error", done.error()}});
    }
    return static_cast<bool>(done);
}

void shared_invocations::offer(const core_order& order) {
    if (write(order, false)) {
        tell_(news::waits, order.thing);
    }
}

void shared_invocations::fetched_here(const core_order& order) {
    write(order, true);
}

std::optional<core_order> shared_invocations::take(const std::string& thing) {
    std::string id;
    std::string text;
    const auto since = to_epoch_milliseconds(time_.now()) - stale_when_waiting.count();
    const auto done = state_.db().transaction([&]() -> result<void> {
        auto read = state_.db().query(
            "invocations.oldest",
            "SELECT id, wanted FROM core_invocations WHERE thing = ?1 AND taken = 0 AND"
            " created_at > ?2 ORDER BY created_at, id LIMIT 1",
            {thing, since}, [&](const db::row& row) {
                id = row.text(0);
                text = row.text(1);
            });
        if (!read || id.empty()) {
            return read;
        }
        // The payload is not needed any more.
        return state_.db().run("invocations.take",
                               "UPDATE core_invocations SET taken = 1, wanted = '' WHERE id = ?1",
                               {id});
    });
    if (!done) {
        log_.error("Invocations that other services have for a core could not be read.",
                   {{"thing", thing}, {"error", done.error()}});
        return std::nullopt;
    }
    if (id.empty()) {
        return std::nullopt;
    }
    tell_(news::changed, id);
    return read_order(std::move(id), text);
}

void shared_invocations::goes_on(const std::string& id) {
    tell_(news::changed, id);
}

bool shared_invocations::finish(const std::string& thing, const std::string& id,
                                const core_outcome& outcome) {
    bool waited_for = false;
    const auto done = state_.db().transaction([&]() -> result<void> {
        auto written = state_.db().run(
            "invocations.finish",
            "UPDATE core_invocations SET outcome = ?3 WHERE id = ?1 AND thing = ?2 AND taken = 1"
            " AND outcome IS NULL",
            {id, thing, text_of_outcome(outcome)});
        waited_for = written && state_.db().changes() == 1;
        return written;
    });
    if (!done) {
        log_.error("What became of an invocation could not be told to the other services.",
                   {{"requestId", id}, {"error", done.error()}});
        return false;
    }
    if (waited_for) {
        tell_(news::changed, id);
    }
    return waited_for;
}

invocations_elsewhere::state_of shared_invocations::look(const std::string& id) {
    state_of now;
    const auto hold = state_.db().lock();
    const auto read = state_.db().query("invocations.look",
                                        "SELECT taken, outcome FROM core_invocations WHERE id = ?1",
                                        {id}, [&](const db::row& row) {
                                            now.taken = row.integer(0) != 0;
                                            if (!row.is_null(1)) {
                                                now.outcome = read_outcome(row.text(1));
                                            }
                                        });
    if (!read) {
        log_.error("What became of an invocation at another service could not be read.",
                   {{"requestId", id}, {"error", read.error()}});
    }
    return now;
}

bool shared_invocations::withdraw(const std::string& id) {
    bool withdrawn = false;
    const auto done = state_.db().transaction([&]() -> result<void> {
        auto gone =
            state_.db().run("invocations.withdraw",
                            "DELETE FROM core_invocations WHERE id = ?1 AND taken = 0", {id});
        withdrawn = gone && state_.db().changes() == 1;
        return gone;
    });
    return done && withdrawn;
}

void shared_invocations::remove(const std::string& id) {
    const auto done = state_.db().transaction([&] {
        return state_.db().run("invocations.remove", "DELETE FROM core_invocations WHERE id = ?1",
                               {id});
    });
    if (!done) {
        log_.warn("An invocation that is over stays in the store for an hour.",
                  {{"requestId", id}, {"error", done.error()}});
    }
}

}  // namespace evergrass::cloud::lambda
