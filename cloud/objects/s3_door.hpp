#pragma once

#include "cloud/objects/object_store.hpp"
#include "libs/base/log.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace evergrass::cloud::objects {

// S3's REST API on the ports of the AWS APIs (docs/objects.md): requests that are signed for the
// service s3, in the header or in the query. Lives on the executor of the HTTP server.
class s3_door {
public:
    // `blocking` is for what waits for the store and for files. `objects` outlives the door, which
    // outlives its answers.
    s3_door(object_store& objects, boost::asio::any_io_executor blocking, logger log);

    static bool wants(const http::request& asked);
    boost::asio::awaitable<http::response> answer(http::request asked);

    // One request from start to end, on the caller's thread.
    http::response answer_now(http::request& asked);

private:
    cloud::answer<http::response> serve(http::request& asked);

    object_store& objects_;
    boost::asio::any_io_executor blocking_;
    logger log_;
};

}  // namespace evergrass::cloud::objects
