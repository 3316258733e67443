#pragma once

#include "libs/rt/tls.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::http {

class body_source;
class connection;

// Without case, of ASCII letters alone.
bool same_field_name(std::string_view a, std::string_view b);

// Header fields in the order they came; names compare without case.
class fields {
public:
    // The first field of that name, without surrounding blanks.
    std::optional<std::string_view> get(std::string_view name) const;
    std::vector<std::string_view> get_all(std::string_view name) const;
    void add(std::string name, std::string value) {
        list_.emplace_back(std::move(name), std::move(value));
    }
    void set(std::string_view name, std::string value);  // replaces all of that name
    const std::vector<std::pair<std::string, std::string>>& all() const { return list_; }

private:
    std::vector<std::pair<std::string, std::string>> list_;
};

struct request {
    std::string method;
    std::string target;  // as sent: path and query, still percent-encoded
    fields headers;
    std::string body;
    std::string remote_address;
    std::optional<rt::peer_certificate> peer;  // set on connections with a client certificate

    std::string_view path() const;   // before '?'
    std::string_view query() const;  // after '?', or empty
};

struct response {
    int status = 200;
    fields headers;
    std::string body;
    // When set, the body is this file's bytes (Range requests are answered); `body` is ignored.
    std::string file_path;
    // Else, when set, the body is what this gives as the client takes it (Range requests are
    // answered); `body` is ignored.
    std::shared_ptr<body_source> source{};
    // With status 101 only: who speaks on the connection once the head is written. `received` is
    // what has come after the request. `headers` name the protocol; Connection is added.
    std::function<void(connection&& taken, std::string received)> upgrade;
};

// Query text to decoded name/value pairs, in order. A name without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace evergrass::http
