#include "libs/shadow/messages.hpp"
#include "libs/shadow/stored.hpp"
#include "libs/shadow/test_invariants.hpp"
#include "libs/shadow/topics.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

namespace shadow = evergrass::shadow;

void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_bodies(const shadow::update_request& update, const shadow::document& before,
                  const shadow::document& after, std::int64_t now,
                  const shadow::client_token& token) {
    const auto is_json = [](const std::string& text) { return bool(evergrass::parse_json(text)); };
    demand(is_json(shadow::get_accepted(after, now, token)));
    demand(is_json(shadow::update_accepted(update, after, now, token)));
    demand(is_json(shadow::update_delta(shadow::delta_of(after), after, now, token)));
    demand(is_json(shadow::update_documents(before, after, now, token)));
    const auto again = shadow::from_stored_text(shadow::to_stored_text(after), after.version);
    demand(again && again->state == after.state && again->metadata == after.metadata);
}

}  // namespace

// Lines from outside: each is a topic, a stored document, the payload of a get, and of an update of
// the document that those before it have made.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    shadow::document document;
    for (std::int64_t now = 1; !rest.empty(); ++now) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (const auto topic = shadow::parse_request_topic(line)) {
            const auto answer =
                shadow::answer_topic(topic->which, topic->what, shadow::answer::accepted);
            demand(answer == std::string(line) + "/accepted");
        }
        if (const auto stored = shadow::from_stored_text(line, 1)) {
            shadow::get_accepted(*stored, now, {});
        }
        shadow::client_token token;
        static_cast<void>(shadow::parse_plain_request(line, token));
        token.reset();
        const auto update = shadow::parse_update(line, token);
        if (!update) {
            demand(bool(evergrass::parse_json(shadow::rejected(update.error(), now, token))));
            continue;
        }
        if (const auto after = shadow::apply(document, *update, now)) {
            demand(after->version == document.version + 1);
            demand(!shadow::broken_invariant(*after, now));
            check_bodies(*update, document, *after, now, token);
            document = *after;
        }
    }
    return 0;
}
