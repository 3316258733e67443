#pragma once

#include "edge/credentials/credential_provider.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace evergrass::edge::functions {

// GET /2016-11-01/credentialprovider/ as AWS SDKs read it (spec/lambda-ipc.md §7). Errors are
// {"code", "message"}: 404 where there is no role, 504 after the provider's limit, else 500.
// `provider` null: no role either.
boost::asio::awaitable<http::response> answer_credentials(
    std::shared_ptr<credential_provider> provider);

}  // namespace evergrass::edge::functions
