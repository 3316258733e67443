#include "cloud/iot/shadow_records.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "libs/shadow/messages.hpp"

namespace evergrass::cloud {

result<shadow_service::outcome> shadow_service::get(const shadow_request& asked) {
    const auto now = time_.now();
    shadow::client_token token;
    if (auto read = shadow::parse_plain_request(asked.payload, token); !read) {
        return refuse(asked, read.error(), token);
    }
    const auto found = load_shadow(state_, asked.which, now);
    if (!found) {
        return found.error();
    }
    if (!found->exists) {
        return refuse(asked, shadow::no_such_shadow(asked.which), token);
    }
    outcome done;
    done.body = shadow::get_accepted(*found, to_epoch_seconds(now), token);
    if (!asked.answered) {
        done.said.push_back(
            {shadow::answer_topic(asked.which, asked.what, shadow::answer::accepted), *done.body});
    }
    return done;
}

}  // namespace evergrass::cloud
