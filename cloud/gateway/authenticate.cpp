#include "cloud/gateway/authenticate.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::cloud {
namespace {

api_error forbidden(std::string code, std::string message) {
    return {403, std::move(code), std::move(message)};
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
    const auto secret = find_secret(state, claimed->access_key_id);
    if (!secret) {
        return internal_error(secret.error());
    }
    if (!*secret) {
        return forbidden("UnrecognizedClientException",
                         "The security token included in the request is invalid.");
    }
    // The body, up to 64 MiB, is lent and given back: no copy.
    aws::signable_request signed_request{asked.method, asked.target, asked.headers.all(),
                                         std::move(asked.body)};
    const auto verified = aws::verify(signed_request, *claimed, **secret, now);
    asked.body = std::move(signed_request.body);
    if (!verified) {
        const bool incomplete = verified.error().code == errc::invalid_input;
        return forbidden(incomplete ? "IncompleteSignatureException" : "InvalidSignatureException",
                         verified.error().context);
    }
    return caller{claimed->access_key_id, claimed->service, claimed->region};
}

}  // namespace evergrass::cloud
