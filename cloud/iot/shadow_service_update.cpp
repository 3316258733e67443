#include "cloud/iot/shadow_records.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "libs/shadow/messages.hpp"

namespace evergrass::cloud {

result<shadow_service::outcome> shadow_service::update(const shadow_request& asked) {
    using shadow::answer;
    const auto now = time_.now();
    const auto seconds = to_epoch_seconds(now);
    shadow::client_token token;
    const auto wanted = shadow::parse_update(asked.payload, token);
    if (!wanted) {
        return refuse(asked, wanted.error(), token);
    }
    const auto before = load_shadow(state_, asked.which, now);
    if (!before) {
        return before.error();
    }
    const auto after = shadow::apply(*before, *wanted, seconds);
    if (!after) {
        return refuse(asked, after.error(), token);
    }
    if (auto saved = save_shadow(state_, asked.which, *after, now); !saved) {
        return saved.error();
    }
    outcome done;
    const auto say = [&](answer what, std::string body) {
        done.said.push_back({shadow::answer_topic(asked.which, asked.what, what), std::move(body)});
    };
    done.body = shadow::update_accepted(*wanted, *after, seconds, token);
    say(answer::accepted, *done.body);
    if (const auto delta = shadow::delta_of(*after); !delta.empty()) {
        say(answer::delta, shadow::update_delta(delta, *after, seconds, token));
    }
    say(answer::documents, shadow::update_documents(*before, *after, seconds, token));
    return done;
}

}  // namespace evergrass::cloud
