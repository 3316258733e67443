#include "cloud/gateway/authenticate.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::cloud {
namespace {

api_error forbidden(std::string code, std::string message) {
    return {403, std::move(code), std::move(message)};
}

struct identity {
    std::string secret;
    std::optional<session> acting;
};

api_error unrecognized() {
    return forbidden("UnrecognizedClientException",
                     "The security token included in the request is invalid.");
}

answer<identity> session_of(store& state, const std::string& access_key_id, std::string_view token,
                            wall_time now) {
    auto opened = open_session(state, access_key_id, token);
    if (!opened) {
        return internal_error(opened.error());
    }
    if (!*opened) {
        return unrecognized();
    }
    if ((*opened)->who.expires <= now) {
        return forbidden("ExpiredTokenException",
                         "The security token included in the request is expired");
    }
    return identity{std::move((*opened)->secret), std::move((*opened)->who)};
}

// `token` of the request; it counts only where the key is a temporary one.
answer<identity> identify(store& state, const std::string& access_key_id, std::string_view token,
                          wall_time now) {
    if (is_session_key(access_key_id)) {
        return session_of(state, access_key_id, token, now);
    }
    auto secret = find_secret(state, access_key_id);
    if (!secret) {
        return internal_error(secret.error());
    }
    if (!*secret) {
        return unrecognized();
    }
    return identity{std::move(**secret), std::nullopt};
}

std::string token_in_query(const http::request& asked) {
    for (auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "X-Amz-Security-Token") {
            return std::move(value);
        }
    }
    return {};
}

api_error refusal_of(const error& why) {
    const bool incomplete = why.code == errc::invalid_input;
    return forbidden(incomplete ? "IncompleteSignatureException" : "InvalidSignatureException",
                     why.context);
}

}  // namespace

answer<caller> authenticate(store& state, http::request& asked, wall_time now) {
    const auto header = asked.headers.get("authorization");
    if (!header) {
        return forbidden("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    const auto claimed = aws::parse_authorization(*header);
    if (!claimed) {
        return forbidden("IncompleteSignatureException", claimed.error().context);
    }
    const auto token = asked.headers.get("x-amz-security-token").value_or("");
    auto who = identify(state, claimed->access_key_id, token, now);
    if (!who) {
        return who.error();
    }
    // The body, up to 64 MiB, is lent and given back: no copy.
    aws::signable_request signed_request{asked.method, asked.target, asked.headers.all(),
                                         std::move(asked.body)};
    const auto verified = aws::verify(signed_request, *claimed, who->secret, now);
    asked.body = std::move(signed_request.body);
    if (!verified) {
        return refusal_of(verified.error());
    }
    return caller{claimed->access_key_id, claimed->service, claimed->region,
                  std::move(who->acting)};
}

answer<caller> authenticate_presigned(store& state, const http::request& asked, wall_time now) {
    const auto read = aws::parse_presigned(asked.target);
    if (!read) {
        return refusal_of(read.error());
    }
    if (!*read) {
        return forbidden("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    const auto& claimed = (*read)->claimed;
    auto who = identify(state, claimed.access_key_id, token_in_query(asked), now);
    if (!who) {
        return who.error();
    }
    const auto verified = aws::verify_presigned(
        {asked.method, asked.target, asked.headers.all(), asked.body}, **read, who->secret, now);
    if (!verified) {
        return refusal_of(verified.error());
    }
    return caller{claimed.access_key_id, claimed.service, claimed.region, std::move(who->acting)};
}

}  // namespace evergrass::cloud
