#pragma once

#include "libs/aws/sigv4.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// Signing keys (aws::signing_key) of the access keys that ask much, so that their secrets are not
// unsealed and four HMACs made for each request. Whether an access key still counts is not
// remembered: that is asked of the store each time, and so is the sealed secret, whose bytes must
// be those that the remembered key was made of. Any thread.
class signing_keys {
public:
    std::optional<std::string> find(const aws::authorization& claimed,
                                    std::string_view sealed_secret) const;
    void remember(const aws::authorization& claimed, std::string_view sealed_secret,
                  std::string_view signing_key);

    static constexpr std::size_t most = 4096;  // over it the memory starts anew
    std::size_t size() const;

private:
    struct known {
        std::string sealed_secret;
        std::string signing_key;
    };
    static std::string name_of(const aws::authorization& claimed);

    mutable std::mutex mutex_;
    std::map<std::string, known, std::less<>> keys_;
};

}  // namespace evergrass::cloud
