#include "cloud/lambda/code_location.hpp"

#include "cloud/gateway/session_credentials.hpp"
#include "libs/aws/sigv4.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace evergrass::cloud::lambda {
namespace {

constexpr std::chrono::minutes lasts{10};
constexpr std::string_view extension = ".zip";

}  // namespace

// Signed with temporary credentials that are made for it; their secret stays here.
result<std::string> code_location(function_registry& in, const std::string& host,
                                  const std::string& sha256) {
    const auto now = in.time.now();
    const auto session = create_session(
        in.state, {"arn:aws:iam::" + in.identity.account + ":role/evergrass-function-code",
                   "GetFunction", std::chrono::floor<std::chrono::seconds>(now) + lasts});
    if (!session) {
        return session.error();
    }
    aws::presigning wanted;
    wanted.host = host;
    wanted.path = std::string(code_path) + sha256 + std::string(extension);
    wanted.region = in.identity.region;
    wanted.service = "s3";
    wanted.expires = lasts;
    wanted.session_token = session->token;
    return "https://" + host +
           aws::presign_get(wanted, {session->key.id, session->key.secret}, now);
}

answer<std::string> read_code(function_registry& in, std::string_view path) {
    path.remove_prefix(std::min(code_path.size(), path.size()));
    std::optional<std::string> content;
    if (path.ends_with(extension)) {
        path.remove_suffix(extension.size());
        const auto hold = in.state.db().lock();
        // Other things are kept beside packages, which are nobody's to fetch here.
        const auto read = in.state.db().query(
            "lambda.read_code",
            "SELECT content FROM blobs WHERE sha256 = ?1 AND (EXISTS(SELECT 1 FROM functions WHERE"
            " blob = ?1) OR EXISTS(SELECT 1 FROM function_versions WHERE blob = ?1))",
            {std::string(path)}, [&](const db::row& row) { content = row.text(0); });
        if (!read) {
            return internal_error(read.error());
        }
    }
    if (!content) {
        return api_error{404, "NoSuchKey", "No function has this package any more."};
    }
    return answer<std::string>(boost::system::in_place_value, std::move(*content));
}

}  // namespace evergrass::cloud::lambda
