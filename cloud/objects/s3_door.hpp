#pragma once

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/request_limits.hpp"
#include "cloud/objects/object_store.hpp"
#include "cloud/objects/s3_request.hpp"
#include "libs/base/log.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace evergrass::cloud::objects {

// S3's REST API on the ports of the AWS APIs (docs/objects.md): requests that are signed for the
// service s3, in the header or in the query. Lives on the executor of the HTTP server.
class s3_door {
public:
    using answer_text = cloud::answer<std::string>;

    // `blocking` is for what waits for the store and for files. `objects` outlives the door, which
    // outlives its answers. `account`: of callers' ARNs. `counts` and
    // `limits` may be null, or outlive it.
    s3_door(object_store& objects, std::string account, boost::asio::any_io_executor blocking,
            logger log, request_counts* counts = nullptr, request_limits* limits = nullptr);

    // GETs of paths that begin with `prefix`, which no bucket's name does, are answered by `read`,
    // on the same terms as a GetObject.
    void serve_also(std::string prefix, std::function<answer_text(std::string_view path)> read);

    // Objects are at that URL: requests for them are refused with it, other than those of
    // serve_also(). Set before the first request.
    void set_elsewhere(std::string url) { elsewhere_ = std::move(url); }

    static bool wants(const http::request& asked);
    boost::asio::awaitable<http::response> answer(http::request asked);

    // One request from start to end, on the caller's thread.
    http::response answer_now(http::request& asked);

private:
    struct noted {
        std::string request_id;
        std::string operation;  // "s3:PutObject" once it is known
    };
    cloud::answer<http::response> serve(http::request& asked, noted& about);
    cloud::answer<http::response> read_other(const caller& by, const http::request& asked);
    cloud::answer<http::response> serve_audited(const caller& by, const s3_request& read,
                                                http::request& asked, const noted& about);

    object_store& objects_;
    std::string account_;
    boost::asio::any_io_executor blocking_;
    logger log_;
    signing_keys remembered_;
    request_counts* counts_;
    request_limits* limits_;
    std::string elsewhere_;
    std::string prefix_;
    std::function<answer_text(std::string_view)> read_;
};

}  // namespace evergrass::cloud::objects
