#pragma once

#include "libs/base/result.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/pki/key_wrap.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace evergrass::edge {

// The key of the principal SecretsManager, which wraps the data keys of secrets at rest
// (spec/core.md §16). Errors are of the key itself, and say what to do.
class data_key_wrapper {
public:
    virtual ~data_key_wrapper() = default;

    // How, for the file: what was wrapped otherwise is not unwrapped.
    virtual std::string_view method() const = 0;
    virtual result<std::string> wrap(std::string_view data_key) const = 0;
    // seal_key_bytes; random ones where it does not come out (pki::unwrap_key).
    virtual result<secret_text> unwrap(std::string_view wrapped) const = 0;
};

// With an RSA key, which is asked for at each use: it may be in a file or in a token.
class rsa_key_wrapper final : public data_key_wrapper {
public:
    using key_source = std::function<result<pki::private_key>()>;

    rsa_key_wrapper(key_source key, pki::key_wrapping how) : key_(std::move(key)), how_(how) {}

    std::string_view method() const override;
    result<std::string> wrap(std::string_view data_key) const override;
    result<secret_text> unwrap(std::string_view wrapped) const override;

private:
    key_source key_;
    pki::key_wrapping how_;
};

// As rsa_key_wrapper where the key is RSA. For one of an elliptic curve the data key is in an
// envelope (pki::seal_for_key): a core without an RSA key has secrets of its own, too.
class any_key_wrapper final : public data_key_wrapper {
public:
    any_key_wrapper(rsa_key_wrapper::key_source key, pki::key_wrapping how)
        : key_(std::move(key)), rsa_(key_, how) {}

    std::string_view method() const override;
    result<std::string> wrap(std::string_view data_key) const override;
    result<secret_text> unwrap(std::string_view wrapped) const override;

private:
    rsa_key_wrapper::key_source key_;
    rsa_key_wrapper rsa_;
};

// A new data key, for one writing of one file or of several.
struct data_key {
    secret_text plain;
    std::string wrapped;
    std::string method;
};
result<data_key> make_data_key(const data_key_wrapper& wrapper);

}  // namespace evergrass::edge
