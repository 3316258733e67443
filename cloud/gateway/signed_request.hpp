#pragma once

#include "cloud/gateway/access_keys.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <string>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// For tests: a request signed as AWS's clients do, before it goes to a gateway. `headers` holds at
// least Host.
inline http::request signed_request(const access_key& by, const std::string& region,
                                    const std::string& signing_name, wall_time at,
                                    std::string method, std::string target, std::string body,
                                    std::vector<std::pair<std::string, std::string>> headers) {
    aws::signable_request plain{std::move(method), std::move(target), std::move(headers),
                                std::move(body)};
    aws::sign(plain, {by.id, by.secret}, region, signing_name, at);
    http::request made;
    made.method = plain.method;
    made.target = plain.target;
    made.body = plain.body;
    for (auto& [name, value] : plain.headers) {
        made.headers.add(name, value);
    }
    return made;
}

}  // namespace evergrass::cloud
