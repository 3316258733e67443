#include "cloud/jobs/object_urls.hpp"

#include "cloud/gateway/session_credentials.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/encoding.hpp"
#include "libs/jobs/errors.hpp"

#include <utility>

namespace evergrass::cloud {
namespace {

result<objects::object_name> named_object(std::string_view url, const std::string& endpoint) {
    const auto own = "https://" + endpoint + "/";
    return objects::parse_s3_uri(
        url.starts_with(own) ? "s3://" + std::string(url.substr(own.size())) : std::string(url));
}

}  // namespace

job_url_signer sign_object_urls(store& state, const service_identity& identity, const clock& time,
                                std::function<std::string()> endpoint) {
    return [&state, &identity, &time, endpoint = std::move(endpoint)](
               std::string_view url, const std::string& role_arn, const std::string& thing,
               std::chrono::seconds lasts) -> result<std::string> {
        const auto host = endpoint();
        const auto named = named_object(url, host);
        if (!named) {
            return error{jobs::errc::invalid_request,
                         "A presigned URL of the job's document: " + named.error().context};
        }
        const auto now = time.now();
        const auto session = create_session(
            state, {role_arn, thing, std::chrono::floor<std::chrono::seconds>(now) + lasts});
        if (!session) {
            return session.error();
        }
        aws::presigning wanted;
        wanted.host = host;
        wanted.path = "/" + percent_encode(named->bucket) + "/" + percent_encode(named->key, true);
        wanted.region = identity.region;
        wanted.service = "s3";
        wanted.expires = lasts;
        wanted.session_token = session->token;
        return "https://" + host +
               aws::presign_get(wanted, {session->key.id, session->key.secret}, now);
    };
}

}  // namespace evergrass::cloud
