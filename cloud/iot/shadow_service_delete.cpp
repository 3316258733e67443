#include "cloud/iot/shadow_records.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "libs/shadow/messages.hpp"

namespace evergrass::cloud {

result<shadow_service::outcome> shadow_service::remove(const shadow_request& asked) {
    const auto now = time_.now();
    shadow::client_token token;
    if (auto read = shadow::parse_plain_request(asked.payload, token); !read) {
        return refuse(asked, read.error(), token);
    }
    const auto before = load_shadow(state_, asked.which, now);
    if (!before) {
        return before.error();
    }
    const auto after = shadow::remove(*before, asked.which);
    if (!after) {
        return refuse(asked, after.error(), token);
    }
    if (auto forgotten = forget_deleted_shadows(state_, now); !forgotten) {
        return forgotten.error();
    }
    if (auto saved = save_shadow(state_, asked.which, *after, now); !saved) {
        return saved.error();
    }
    outcome done;
    done.body = shadow::delete_accepted(*before, to_epoch_seconds(now), token);
    done.said.push_back(
        {shadow::answer_topic(asked.which, asked.what, shadow::answer::accepted), *done.body});
    return done;
}

}  // namespace evergrass::cloud
