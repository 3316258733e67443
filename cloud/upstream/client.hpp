#pragma once

#include "cloud/upstream/aws_keys_file.hpp"
#include "cloud/upstream/settings.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/client.hpp"
#include "libs/http/message.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::cloud::upstream {

// Asks the APIs that are elsewhere, with the service's own AWS keys. Immutable: any thread, several
// calls at once. Each call blocks its thread: at most 5 s to connect and 15 s for an answer;
// nobody who holds the store's lock may make one.
//
// Errors: errc::unavailable or timed_out, which the same call may not meet later; others of the
// keys' file. Their text begins with the service and its endpoint.
class client {
public:
    // Reads the files once, so that a mistake in them is found at start. `time` outlives it.
    static result<std::unique_ptr<client>> make(
        settings from, const clock& time,
        const std::function<const char*(const char*)>& environment);

    const settings& known() const { return settings_; }
    bool has(std::string_view service) const { return settings_.find(service) != nullptr; }
    // `https://HOST[:PORT]`; the service is one of the settings', as below.
    std::string url_of(std::string_view service) const;
    const aws_keys_source& keys() const { return keys_; }

    // Signed with SigV4. Any status is a success.
    result<http::response> send(std::string_view service, http::request ask) const;
    // AWS's JSON protocol: `target` is X-Amz-Target.
    result<http::response> ask_json(std::string_view service, std::string_view target,
                                    std::string body) const;

    // A GET of what `url` names, unsigned, as it carries a signature of its own.
    // errc::invalid_input: it is no URL, or was answered otherwise than with 200.
    result<std::string> fetch(std::string_view service, std::string_view url,
                              std::size_t max_bytes) const;

    // A signed GET into a file, which goes on where an earlier try ended. It may last as long as
    // bytes come. errc::too_large, not_found, denied.
    result<void> download(std::string_view service, const std::string& target,
                          const std::filesystem::path& into, std::uint64_t max_bytes) const;

private:
    client(settings from, const clock& time) : settings_(std::move(from)), time_(time) {}
    result<void> sign(std::string_view service, http::request& ask) const;
    std::string named(std::string_view service) const;

    settings settings_;
    const clock& time_;
    aws_keys_source keys_;
    // By service.
    std::map<std::string, http::client_options, std::less<>> addresses_;
    std::shared_ptr<rt::tls_context> systems_;  // the system's CAs
};

}  // namespace evergrass::cloud::upstream
