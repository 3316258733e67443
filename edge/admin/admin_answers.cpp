#include "edge/admin/admin_answers.hpp"

#include "edge/admin/json_answer.hpp"
#include "edge/admin/link_json.hpp"
#include "edge/router/end_name.hpp"
#include "edge/router/explain.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/mqtt/types.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

constexpr std::size_t max_shown_drops = 10;  // with one answer of /why

http::response refuse(int status, const std::string& message) {
    return json_response(status, {{"message", message}});
}

struct asked_why {
    std::string from;
    std::string topic;
    std::optional<std::string> to;
};

result<asked_why> read_query(std::string_view query) {
    asked_why asked;
    for (auto& [name, value] : http::parse_query(query)) {
        if (name == "from") {
            asked.from = std::move(value);
        } else if (name == "topic") {
            asked.topic = std::move(value);
        } else if (name == "to") {
            asked.to = std::move(value);
        } else {
            return error{errc::invalid_input,
                         "'" + name + "' is no parameter: there are from, topic and to"};
        }
    }
    return asked;
}

result<asked_why> read_body(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) {
        return parsed.error();
    }
    if (!parsed->is_object()) {
        return error{errc::invalid_input, R"(send {"from": ..., "topic": ..., "to": ...})"};
    }
    const auto& object = parsed->get_object();
    return asked_why{string_member(object, "from").value_or(""),
                     string_member(object, "topic").value_or(""), string_member(object, "to")};
}

result<question> to_question(const asked_why& asked, const std::vector<endpoint>& known) {
    auto source = parse_end_name(asked.from, known);
    if (!source) {
        return with_context(source.error(), "from");
    }
    if (auto checked = mqtt::check_topic_name(asked.topic); !checked) {
        return with_context(checked.error(), "topic '" + asked.topic + "'");
    }
    question q{std::move(*source), asked.topic, std::nullopt};
    if (asked.to) {
        auto to = parse_end_name(*asked.to, known);
        if (!to) {
            return with_context(to.error(), "to");
        }
        q.to = std::move(*to);
    }
    return q;
}

std::vector<endpoint> known_ends(router& messages, const core_snapshot& core) {
    std::vector<endpoint> all;
    for (const auto& f : core.functions) {
        all.push_back({endpoint_kind::function, f.arn});
    }
    for (const auto& entry : messages.table().entries()) {
        for (const auto* e : {entry.source, entry.target}) {
            const bool named =
                e->kind == endpoint_kind::function || e->kind == endpoint_kind::connector;
            if (named && std::find(all.begin(), all.end(), *e) == all.end()) {
                all.push_back(*e);
            }
        }
    }
    return all;
}

explain_lookups live_states(const router& messages, const std::string& topic) {
    explain_lookups states;
    states.of_target = [&messages, topic](const endpoint& target) {
        const auto* sink = messages.sink_of(target.kind);
        return end_state{true, sink != nullptr ? sink->would_drop(target, topic)
                                               : std::optional(drop_reason::no_such_target)};
    };
    states.of_source = [&messages](const endpoint& source) {
        const auto* sink = messages.sink_of(source.kind);
        return end_state{true, sink != nullptr ? sink->would_refuse(source) : std::nullopt};
    };
    return states;
}

// What was lost lately of the same source and topic, or on the way to the same target.
json::array recent_drops(const router& messages, const explanation& e) {
    json::array shown;
    for (const auto& record : messages.last_drops()) {
        const bool of_target = std::any_of(e.targets.begin(), e.targets.end(), [&](const auto& t) {
            return record.target == t.target;
        });
        const bool of_source = record.source == e.asked.source && record.topic == e.asked.topic;
        if ((of_target || of_source) && shown.size() < max_shown_drops) {
            shown.push_back(to_json(record));
        }
    }
    return shown;
}

// How much each of them has carried, to what is said of them.
void add_messages(json::object& answer, const carried_totals& carried) {
    auto* const considered = answer["considered"].if_array();
    for (std::size_t i = 0; considered != nullptr && i < considered->size(); ++i) {
        auto& one = (*considered)[i].as_object();
        const auto& entries = carried.table->entries();
        for (std::size_t n = 0; n < entries.size(); ++n) {
            if (string_member(one, "subscription") == entries[n].id &&
                string_member(one, "subject") == entries[n].subject &&
                string_member(one, "source") == end_name(*entries[n].source) &&
                string_member(one, "target") == end_name(*entries[n].target)) {
                one["messages"] = carried.messages[n];
                break;
            }
        }
    }
}

http::response why(const http::request& asked, router& messages, const core_snapshot& core) {
    const auto read = asked.method == "POST" ? read_body(asked.body) : read_query(asked.query());
    if (!read) {
        return refuse(400, read.error().message());
    }
    const auto q = to_question(*read, known_ends(messages, core));
    if (!q) {
        return refuse(400, q.error().message());
    }
    const auto e = explain(messages.table(), *q, live_states(messages, q->topic));
    auto body = to_json(e);
    add_messages(body, messages.carried());
    body["live"] = true;
    if (q->source.kind == endpoint_kind::device) {
        const auto device = std::find_if(core.devices.begin(), core.devices.end(),
                                         [&](const auto& d) { return d.thing == q->source.name; });
        body["sourceConnected"] = device != core.devices.end() && device->connected;
    }
    body["recentDrops"] = recent_drops(messages, e);
    return json_response(200, body);
}

http::response subscriptions(const router& messages) {
    const auto carried = messages.carried();
    json::array all;
    for (std::size_t n = 0; n < carried.messages.size(); ++n) {
        const auto& entry = carried.table->entries()[n];
        all.push_back(json::object{{"subscription", entry.id},
                                   {"source", end_name(*entry.source)},
                                   {"subject", entry.subject},
                                   {"target", end_name(*entry.target)},
                                   {"messages", carried.messages[n]}});
    }
    return json_response(200, {{"subscriptions", std::move(all)}});
}

json::object drops_of(const router& messages) {
    json::object counted;
    const auto totals = messages.drops();
    for (const auto& text : drop_reasons()) {
        if (const auto count = totals[static_cast<std::size_t>(text.reason)]; count != 0) {
            counted[text.name] = count;
        }
    }
    return counted;
}

json::value tls_of(const std::optional<core_snapshot::local_tls>& tls) {
    if (!tls) {
        return nullptr;
    }
    return json::object{{"certificateEnds", format_iso8601(tls->certificate_ends)},
                        {"coreSignsUntil", tls->core_signs_until
                                               ? json::value(format_iso8601(*tls->core_signs_until))
                                               : json::value(nullptr)}};
}

json::object mqtt_of(const mqtt::server::statistics& now) {
    json::object out{{"connections", now.connections},
                     {"sessions", now.sessions},
                     {"retained", now.retained},
                     {"retainedBytes", now.retained_bytes},
                     {"handshakes", now.handshakes},
                     {"handshakesResumed", now.handshakes_resumed},
                     {"handshakesFailed", now.handshakes_failed},
                     {"connectionsRefused", now.connections_refused}};
    if (now.journal) {
        out["journal"] =
            json::object{{"bytes", now.journal->log_bytes},
                         {"liveBytes", now.journal->live_bytes},
                         {"failing", now.journal->failing ? json::value(*now.journal->failing)
                                                          : json::value(nullptr)}};
    }
    return out;
}

json::value number_or_null(const std::optional<std::int64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

http::response steps_of(const core_snapshot::local_deployment& deploying) {
    json::array steps;
    for (const auto& each : deploying.steps) {
        steps.push_back(json::object{{"text", each.text}, {"us", each.us}});
    }
    return json_response(200, {{"token", deploying.token}, {"steps", std::move(steps)}});
}

http::response status(router& messages, const core_snapshot& core) {
    json::array devices;
    for (const auto& d : core.devices) {
        devices.push_back(json::object{{"thing", d.thing}, {"connected", d.connected}});
    }
    json::array functions;
    for (const auto& f : core.functions) {
        functions.push_back(json::object{{"arn", f.arn},
                                         {"state", f.state},
                                         {"workers", f.workers},
                                         {"invocations", f.invocations},
                                         {"errors", f.errors},
                                         {"restarts", f.restarts},
                                         {"queued", f.queued},
                                         {"p50Micros", number_or_null(f.p50_us)},
                                         {"p99Micros", number_or_null(f.p99_us)},
                                         {"memoryKb", f.memory_kb}});
    }
    json::array last;
    for (const auto& record : messages.last_drops()) {
        last.push_back(to_json(record));
    }
    return json_response(
        200, {{"version", EVERGRASS_VERSION},
              {"thing", core.thing},
              {"pid", core.pid},
              {"startedAt", core.started_at},
              {"deploymentId",
               core.deployment_id.empty() ? json::value(nullptr) : json::value(core.deployment_id)},
              {"group", core.group_name},
              {"deployments", json::object{{"success", core.deployments_applied},
                                           {"failure", core.deployments_failed}}},
              {"subscriptions", messages.table().size()},
              {"subscriptionsQuiet", quiet_ones(messages.carried())},
              {"delivered", messages.delivered()},
              {"devices", std::move(devices)},
              {"functions", std::move(functions)},
              {"mqtt", mqtt_of(core.mqtt)},
              {"localTls", tls_of(core.tls)},
              {"cloud", json::object{{"connected", core.cloud_connected},
                                     {"queuedMessages", core.cloud_queue.messages},
                                     {"queuedBytes", core.cloud_queue.bytes}}},
              {"shadows", json::object{{"synced", core.shadows_synced},
                                       {"settled", core.shadows_settled},
                                       {"stuck", core.shadows_stuck}}},
              {"drops", drops_of(messages)},
              {"lastDrops", std::move(last)}});
}

}  // namespace

http::response admin_answer(const http::request& asked, router& messages,
                            const core_snapshot& core) {
    const auto path = asked.path();
    const bool get = asked.method == "GET";
    if (path == "/why") {
        return get || asked.method == "POST" ? why(asked, messages, core)
                                             : refuse(405, "use GET or POST");
    }
    const bool steps = path == "/deploy" && get;
    if (path != "/link" && path != "/metrics" && path != "/status" && path != "/subscriptions" &&
        !steps) {
        return refuse(404,
                      "there are /deploy, /invoke, /link, /metrics, /shadow, /status, "
                      "/subscriptions and /why");
    }
    if (!get) {
        return refuse(405, "use GET");
    }
    if (path == "/status") {
        return status(messages, core);
    }
    if (steps) {
        return steps_of(core.deploying);
    }
    if (path == "/subscriptions") {
        return subscriptions(messages);
    }
    if (path == "/link") {
        return json_response(200, link_json(core));
    }
    http::response r;
    r.headers.add("content-type", "text/plain; version=0.0.4; charset=utf-8");
    r.body = metrics_text(messages, core);
    return r;
}

}  // namespace evergrass::edge
