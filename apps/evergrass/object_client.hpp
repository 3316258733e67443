#pragma once

#include "apps/evergrass/api_client.hpp"
#include "libs/aws/s3_uri.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace evergrass::cli {

using aws::object_name;

// Whether an object of this ETag holds these bytes: put in one piece, or in parts of 8 MiB, as this
// program and the AWS CLI do. False where it was made in another way, whatever it holds.
bool is_etag_of(std::string_view etag, std::string_view bytes);

// The few calls of S3 that models need, at the endpoint of the other APIs, buckets in the path. One
// call at a time.
class object_client {
public:
    using sender =
        std::function<boost::asio::awaitable<result<http::response>>(api_call)>;  // as api_client's

    explicit object_client(api_client& api)
        : object_client([&api](api_call c) { return api.send(std::move(c)); }, api.options()) {}
    // `options` as long as this.
    object_client(sender send, const api_client_options& options)
        : send_(std::move(send)), options_(options) {}

    // Without its quotes; nullopt: there is no such object.
    boost::asio::awaitable<result<std::optional<std::string>>> etag(object_name of);

    // Replaces it; a bucket that is missing is made. More than 8 MiB go in parts, and are there all
    // together or not at all.
    boost::asio::awaitable<result<void>> put(object_name to, std::string bytes);

    // Where it can be fetched for the next quarter of an hour: https://…
    std::string location(const object_name& of) const;

private:
    boost::asio::awaitable<result<http::response>> call(api_call c);
    boost::asio::awaitable<result<void>> make_bucket(std::string name);
    boost::asio::awaitable<result<void>> put_parts(object_name to, std::string bytes);

    sender send_;
    const api_client_options& options_;
};

}  // namespace evergrass::cli
