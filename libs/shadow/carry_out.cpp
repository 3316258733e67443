#include "libs/shadow/carry_out.hpp"

#include <utility>

namespace evergrass::shadow {
namespace {

outcome get(const shadow_id& which, std::string_view payload, const document& found,
            std::int64_t now, asked_over way) {
    client_token token;
    if (auto read = parse_plain_request(payload, token); !read) {
        return refuse(which, operation::get, read.error(), now, way, token);
    }
    if (!found.exists) {
        return refuse(which, operation::get, no_such_shadow(which), now, way, token);
    }
    outcome done;
    done.body = get_accepted(found, now, token);
    if (way == asked_over::mqtt) {
        done.said.push_back({answer_topic(which, operation::get, answer::accepted), *done.body});
    }
    return done;
}

outcome remove_document(const shadow_id& which, std::string_view payload, const document& before,
                        std::int64_t now, asked_over way) {
    client_token token;
    if (auto read = parse_plain_request(payload, token); !read) {
        return refuse(which, operation::remove, read.error(), now, way, token);
    }
    auto after = remove(before, which);
    if (!after) {
        return refuse(which, operation::remove, after.error(), now, way, token);
    }
    outcome done;
    done.after = std::move(*after);
    done.body = delete_accepted(before, now, token);
    done.said.push_back({answer_topic(which, operation::remove, answer::accepted), *done.body});
    return done;
}

}  // namespace

outcome refuse(const shadow_id& which, operation what, error why, std::int64_t now, asked_over way,
               const client_token& token) {
    outcome refused;
    if (way == asked_over::mqtt) {
        refused.said.push_back(
            {answer_topic(which, what, answer::rejected), rejected(why, now, token)});
    }
    refused.body = std::move(why);
    return refused;
}

outcome carry_out(const shadow_id& which, const update_request& update, const document& before,
                  std::int64_t now, asked_over way, const client_token& token) {
    auto after = apply(before, update, now);
    if (!after) {
        return refuse(which, operation::update, after.error(), now, way, token);
    }
    outcome done;
    const auto say = [&](answer what, std::string body) {
        done.said.push_back({answer_topic(which, operation::update, what), std::move(body)});
    };
    done.body = update_accepted(update, *after, now, token);
    say(answer::accepted, *done.body);
    if (const auto delta = delta_of(*after); !delta.empty()) {
        say(answer::delta, update_delta(delta, *after, now, token));
    }
    say(answer::documents, update_documents(before, *after, now, token));
    done.after = std::move(*after);
    return done;
}

outcome carry_out(const shadow_id& which, operation what, std::string_view payload,
                  const document& before, std::int64_t now, asked_over way) {
    switch (what) {
        case operation::get:
            return get(which, payload, before, now, way);
        case operation::update:
            break;
        case operation::remove:
            return remove_document(which, payload, before, now, way);
    }
    client_token token;
    const auto update = parse_update(payload, token);
    return update ? carry_out(which, *update, before, now, way, token)
                  : refuse(which, operation::update, update.error(), now, way, token);
}

}  // namespace evergrass::shadow
