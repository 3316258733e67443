#pragma once

#include "cloud/greengrass/issued_credentials.hpp"
#include "cloud/upstream/aws_keys_file.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>

namespace evergrass::cloud::greengrass {

struct upstream_sts_settings {
    upstream::aws_keys_source keys;
    std::string region;
    std::string endpoint;  // http[s]://host[:port]; empty: https://sts.REGION.amazonaws.com
    std::filesystem::path ca_file;  // who signed the endpoint; empty: one of the system's CAs
};

// AWS STS, of which the service gets its groups' credentials with AWS keys of its own. Immutable:
// any thread, several calls at once.
class upstream_sts {
public:
    // Reads the files once, so that a mistake in them is found at start.
    static result<upstream_sts> make(upstream_sts_settings settings);

    // sts:AssumeRole for an hour. Files are read on `blocking`. At most 15 s. errc::denied: STS
    // refused, in its words; errc::unavailable, timed_out: it cannot be reached.
    boost::asio::awaitable<result<issued_credentials>> assume_role(
        boost::asio::any_io_executor blocking, const clock* time, std::string role_arn,
        std::string thing) const;

private:
    struct prepared;
    upstream_sts(upstream_sts_settings settings, http::client_options address,
                 std::string host_header)
        : settings_(std::move(settings)),
          address_(std::move(address)),
          host_header_(std::move(host_header)) {}
    result<prepared> prepare(wall_time now, const std::string& role_arn,
                             const std::string& thing) const;

    upstream_sts_settings settings_;
    http::client_options address_;
    std::string host_header_;
};

}  // namespace evergrass::cloud::greengrass
