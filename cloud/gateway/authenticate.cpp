#include "cloud/gateway/authenticate.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/aws/chunks.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::cloud {
namespace {

api_error forbidden(std::string code, std::string message) {
    return {403, std::move(code), std::move(message)};
}

struct identity {
    std::string signing_key;
    std::string sealed;  // what it was made of, where it is worth remembering
    access_role role = access_role::read_only;
    std::optional<session> acting;
};

api_error unrecognized() {
    return forbidden("UnrecognizedClientException",
                     "The security token included in the request is invalid.");
}

answer<identity> session_of(store& state, const aws::authorization& claimed, std::string_view token,
                            wall_time now) {
    auto opened = open_session(state, claimed.access_key_id, token);
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
    return identity{aws::signing_key(claimed, (*opened)->secret),
                    {},
                    access_role::read_only,
                    std::move((*opened)->who)};
}

// `token` of the request; it counts only where the key is a temporary one.
answer<identity> identify(store& state, const aws::authorization& claimed, std::string_view token,
                          wall_time now, signing_keys* remembered) {
    if (is_session_key(claimed.access_key_id)) {
        return session_of(state, claimed, token, now);
    }
    const auto key = find_sealed_key(state, claimed.access_key_id, now);
    if (!key) {
        return internal_error(key.error());
    }
    if (!*key) {
        return unrecognized();
    }
    const auto& sealed = (*key)->sealed;
    if (remembered != nullptr) {
        if (auto known = remembered->find(claimed, sealed)) {
            return identity{std::move(*known), {}, (*key)->role, std::nullopt};
        }
    }
    const auto secret = unseal_secret(state, claimed.access_key_id, sealed);
    if (!secret) {
        return internal_error(secret.error());
    }
    return identity{aws::signing_key(claimed, *secret), sealed, (*key)->role, std::nullopt};
}

std::string token_in_query(const http::request& asked) {
    for (auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "X-Amz-Security-Token") {
            return std::move(value);
        }
    }
    return {};
}

// Puts what is in signed chunks in their place, and their trailers to the headers. Only S3's bodies
// come in them: others' hash would not be right.
result<void> open_signed_chunks(http::request& asked, const aws::authorization& claimed,
                                std::string_view signing_key) {
    const std::string stated(asked.headers.get("x-amz-content-sha256").value_or(""));
    if (!aws::are_signed_chunks(stated)) {
        return {};
    }
    auto body = aws::split_chunks(asked.body);
    if (!body) {
        return body.error();
    }
    const auto amz_date = asked.headers.get("x-amz-date").value_or("");
    if (auto good = aws::verify_chunks(*body, stated, claimed, amz_date, signing_key); !good) {
        return good;
    }
    for (auto& [name, value] : body->trailers) {
        asked.headers.add(std::move(name), std::move(value));
    }
    asked.body = body->join();
    return {};
}

api_error refusal_of(const error& why) {
    const bool incomplete = why.code == errc::invalid_input;
    return forbidden(incomplete ? "IncompleteSignatureException" : "InvalidSignatureException",
                     why.context);
}

}  // namespace

answer<aws::authorization> read_authorization(const http::request& asked) {
    const auto header = asked.headers.get("authorization");
    if (!header) {
        return forbidden("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    auto claimed = aws::parse_authorization(*header);
    if (!claimed) {
        return forbidden("IncompleteSignatureException", claimed.error().context);
    }
    return std::move(*claimed);
}

answer<caller> authenticate(store& state, http::request& asked, wall_time now,
                            signing_keys* remembered) {
    const auto claimed = read_authorization(asked);
    if (!claimed) {
        return claimed.error();
    }
    return authenticate(state, asked, *claimed, now, remembered);
}

answer<caller> authenticate(store& state, http::request& asked, const aws::authorization& claimed,
                            wall_time now, signing_keys* remembered) {
    const auto token = asked.headers.get("x-amz-security-token").value_or("");
    auto who = identify(state, claimed, token, now, remembered);
    if (!who) {
        return who.error();
    }
    const auto verified =
        aws::verify_with_key({asked.method, asked.target, asked.headers.all(), asked.body}, claimed,
                             who->signing_key, now);
    if (!verified) {
        return refusal_of(verified.error());
    }
    // Only now: nobody fills the memory with keys that he doesn't have.
    if (remembered != nullptr && !who->sealed.empty()) {
        remembered->remember(claimed, who->sealed, who->signing_key);
    }
    if (auto opened = open_signed_chunks(asked, claimed, who->signing_key); !opened) {
        return refusal_of(opened.error());
    }
    return caller{claimed.access_key_id, claimed.service, claimed.region, who->role,
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
    auto who = identify(state, claimed, token_in_query(asked), now, nullptr);
    if (!who) {
        return who.error();
    }
    const auto verified = aws::verify_presigned_with_key(
        {asked.method, asked.target, asked.headers.all(), asked.body}, **read, who->signing_key,
        now);
    if (!verified) {
        return refusal_of(verified.error());
    }
    return caller{claimed.access_key_id, claimed.service, claimed.region, who->role,
                  std::move(who->acting)};
}

std::string caller::to_arn(const std::string& account) const {
    return acting ? acting->to_arn() : "arn:aws:iam::" + account + ":user/" + access_key_id;
}

std::optional<api_error> caller::refuse(const std::string& account, std::string_view service,
                                        std::string_view operation) const {
    const bool may =
        acting ? session_may(service, operation) : role >= needed_role(service, operation);
    if (may) {
        return std::nullopt;
    }
    const auto why =
        acting ? std::string("credentials of a group's role read, and publish by iot-data")
               : "the role of this access key is " + std::string(to_string(role)) +
                     ", and this takes " + std::string(to_string(needed_role(service, operation)));
    return forbidden("AccessDeniedException",
                     not_authorized(to_arn(account), service, operation) + " (" + why + ")");
}

}  // namespace evergrass::cloud
