#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/json.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// What the service's socket answers to those who look after it (docs/access.md): /keys, /audit,
// /backup, /sign, /metrics, /healthz, /readyz. `asked.remote_address` says who asks: local:UID.
struct admin_parts {
    store& state;
    const clock& time;
    std::filesystem::path data;  // whose disk it is about
    // A key no longer counts: ends what it has open.
    std::function<void(const std::string& access_key_id)> cut_off;
    std::function<std::string()> metrics;  // Prometheus' text
    // Writes a backup; what it says of it goes to who asked. `file` is absolute.
    std::function<result<json::object>(const std::filesystem::path& file)> back_up;
    // A key got an end that is still to come; empty: nobody wants to know.
    std::function<void()> key_will_expire{};
    // Of a service that is one of several: whether it can be reached by the others; empty: it is
    // not. Not ready, it is passed over by a load balancer.
    std::function<bool()> hears_others{};
    // Signs a deployment's manifest with the service's key: {"signature": base64, "keyId"}. Empty:
    // there is no such thing here.
    std::function<result<json::object>(const std::string& manifest)> sign{};
};

// Any thread; waits for the disk. A refusal is {"message": …} with 400, 404, 405, 409 or 500.
http::response admin_answer(const admin_parts& parts, const http::request& asked);

// GET /healthz and /readyz, which say nothing that strangers may not know.
bool is_health_check(const http::request& asked);
http::response health_answer(const admin_parts& parts, std::string_view path);

// "2026-11-27T12:00:00Z", "20261127T120000Z", or how long before `now`: "90s", "15m", "2h", "7d".
result<wall_time> parse_since(std::string_view text, wall_time now);

}  // namespace evergrass::cloud
