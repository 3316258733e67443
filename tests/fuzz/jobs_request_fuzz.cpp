#include "libs/jobs/document.hpp"
#include "libs/jobs/messages.hpp"
#include "libs/jobs/rollout.hpp"
#include "libs/jobs/topics.hpp"
#include "tests/fuzz/next_line.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

namespace jobs = evergrass::jobs;

void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_as_configs(const evergrass::json::object& body) {
    if (const auto read = jobs::read_rollout_config(body)) {
        const auto step = jobs::next_step(*read, {}, 1'000'000, 1);
        demand(step.allowed >= 1 && step.allowed <= 1'000'000);
    }
    static_cast<void>(jobs::read_abort_config(body));
    static_cast<void>(jobs::read_retry_config(body));
}

// What it was before, after an update that the device asked for.
void update(jobs::execution& current, const evergrass::json::object& body, std::int64_t now) {
    static_cast<void>(jobs::read_describe(body));
    if (const auto asked = jobs::read_start(body)) {
        demand(jobs::start(current, *asked, 1, now).version >= current.version);
    }
    const auto asked = jobs::read_update(body);
    if (!asked) {
        demand(jobs::to_refusal(asked.error()).code == jobs::errc::invalid_request);
        return;
    }
    const auto after = jobs::apply(current, *asked, 1, now);
    if (after) {
        demand(after->version == current.version + 1 && !jobs::is_terminal(current.state));
        current = *after;
    }
}

}  // namespace

// Lines from outside: each is a topic, a document, and the body of every request about the
// execution that those before it have made.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    jobs::execution current;
    for (std::int64_t now = 1; !rest.empty(); ++now) {
        const auto line = evergrass::fuzz::next_line(rest);
        if (const auto topic = jobs::parse_request_topic(line)) {
            demand(!topic->thing.empty());
            demand(topic->what != jobs::request::update || jobs::is_job_id(topic->job_id));
        }
        if (jobs::check_document(line)) {
            demand(bool(jobs::with_presigned_urls(line, [](std::string_view url) {
                return evergrass::result<std::string>(std::string(url));
            })));
            const auto told =
                jobs::to_json(current, std::string(line), jobs::document_form::json, now);
            demand(bool(evergrass::parse_json(evergrass::json::serialize(told), 64)));
        }
        jobs::client_token token;
        const auto body = jobs::parse_body(line, token);
        if (body) {
            read_as_configs(*body);
            update(current, *body, now);
        }
    }
    return 0;
}
