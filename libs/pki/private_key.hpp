#pragma once

#include "libs/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace evergrass::pki {

// A private key that can be used and may not be readable, such as one in a token: then what signs
// or opens with it blocks for as long as the token takes, and fails with it. Copies are the same
// key; any thread.
class private_key {
public:
    explicit private_key(std::shared_ptr<evp_pkey_st> handle) : handle_(std::move(handle)) {}
    static result<private_key> from_pem(std::string_view pem);

    evp_pkey_st* handle() const { return handle_.get(); }
    const std::shared_ptr<evp_pkey_st>& shared() const { return handle_; }

    bool is_rsa() const;
    // RSA of 2048 bits or more, P-256 or P-384: what V1 takes for a server (spec/core.md §11).
    bool is_for_servers() const;

private:
    std::shared_ptr<evp_pkey_st> handle_;  // not null
};

// As their namesakes of pki.hpp and envelope.hpp do with a key in PEM.
std::string public_key_of(const private_key& key);
result<bool> matches(std::string_view certificate_pem, const private_key& key);
result<std::string> make_csr(std::string_view common_name, const std::vector<std::string>& names,
                             const private_key& key);
result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  const private_key& key);
// Of seal_for_key().
result<std::string> open_envelope(std::string_view envelope, const private_key& key);

}  // namespace evergrass::pki
