#pragma once

#include "apps/evergrass/api_client.hpp"
#include "edge/secrets/secret.hpp"
#include "libs/base/secret_text.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace evergrass::cli {

// The few calls of Secrets Manager that group files need. One call at a time. Errors name the
// operation, never a value.
class secret_client {
public:
    explicit secret_client(api_client& api) : api_(api) {}

    // The ARN; nullopt: there is no such secret.
    boost::asio::awaitable<result<std::optional<std::string>>> arn(std::string name_or_arn);

    // The version with this label, with its name and ARN; nullopt: there is no such secret, or none
    // of its versions has the label.
    boost::asio::awaitable<result<std::optional<edge::secret>>> value(std::string name_or_arn,
                                                                      std::string label);

    // Its ARN.
    boost::asio::awaitable<result<std::string>> create(std::string name, secret_text value,
                                                       bool binary);
    // A new AWSCURRENT.
    boost::asio::awaitable<result<void>> put(std::string arn, secret_text value, bool binary);

private:
    boost::asio::awaitable<result<std::optional<json::value>>> call(std::string operation,
                                                                    json::value input);

    api_client& api_;
};

}  // namespace evergrass::cli
