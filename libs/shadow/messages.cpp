#include "libs/shadow/messages.hpp"

#include "libs/shadow/metadata.hpp"
#include "libs/shadow/print.hpp"

#include <utility>

namespace evergrass::shadow {
namespace {

std::string finish(json::object body, std::int64_t now, const client_token& token) {
    body["timestamp"] = now;
    if (token) {
        body["clientToken"] = *token;
    }
    return print(body);
}

json::object as_member(const document& of) {
    return {{"state", of.state}, {"metadata", of.metadata}, {"version", of.version}};
}

}  // namespace

std::string get_accepted(const document& found, std::int64_t now, const client_token& token) {
    auto body = as_member(found);
    if (auto delta = delta_of(found); !delta.empty()) {
        body["state"].get_object()["delta"] = std::move(delta.state);
    }
    return finish(std::move(body), now, token);
}

std::string update_accepted(const update_request& update, const document& after, std::int64_t now,
                            const client_token& token) {
    return finish({{"state", update.state},
                   {"metadata", stamp(update.state, now)},
                   {"version", after.version}},
                  now, token);
}

std::string update_delta(const difference& found, const document& after, std::int64_t now,
                         const client_token& token) {
    return finish(
        {{"version", after.version}, {"state", found.state}, {"metadata", found.metadata}}, now,
        token);
}

std::string update_documents(const document& before, const document& after, std::int64_t now,
                             const client_token& token) {
    return finish({{"previous", as_member(before)}, {"current", as_member(after)}}, now, token);
}

std::string delete_accepted(const document& removed, std::int64_t now, const client_token& token) {
    return finish({{"version", removed.version}}, now, token);
}

std::string rejected(const error& why, std::int64_t now, const client_token& token) {
    auto said = to_refusal(why);
    return finish({{"code", said.code}, {"message", std::move(said.message)}}, now, token);
}

}  // namespace evergrass::shadow
