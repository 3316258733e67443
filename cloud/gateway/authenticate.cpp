#include "cloud/gateway/authenticate.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::cloud {
namespace {

api_error forbidden(std::string code, std::string message) {
    return {403, std::move(code), std::move(message)};
}

answer<std::string> secret_of(store& state, const std::string& access_key_id) {
    const auto secret = find_secret(state, access_key_id);
    if (!secret) {
        return internal_error(secret.error());
    }
    if (!*secret) {
        return forbidden("UnrecognizedClientException",
                         "The security token included in the request is invalid.");
    }
    return **secret;
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
    const auto secret = secret_of(state, claimed->access_key_id);
    if (!secret) {
        return secret.error();
    }
    // The body, up to 64 MiB, is lent and given back: no copy.
    aws::signable_request signed_request{asked.method, asked.target, asked.headers.all(),
                                         std::move(asked.body)};
    const auto verified = aws::verify(signed_request, *claimed, *secret, now);
    asked.body = std::move(signed_request.body);
    if (!verified) {
        return refusal_of(verified.error());
    }
    return caller{claimed->access_key_id, claimed->service, claimed->region};
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
    const auto secret = secret_of(state, claimed.access_key_id);
    if (!secret) {
        return secret.error();
    }
    const auto verified = aws::verify_presigned(
        {asked.method, asked.target, asked.headers.all(), asked.body}, **read, *secret, now);
    if (!verified) {
        return refusal_of(verified.error());
    }
    return caller{claimed.access_key_id, claimed.service, claimed.region};
}

}  // namespace evergrass::cloud
