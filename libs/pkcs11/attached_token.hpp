#pragma once

#include "libs/pkcs11/token.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace evergrass::pkcs11 {

// A token that may be pulled out and put back: it is opened at the first use, and again when it
// failed. All keys share its one session, which is closed before another is asked for. Where others
// have all sessions of the token (fault::no_session), each use fails at once, and the first one
// after a session came free is good. Any thread; one operation at a time, which blocks for as long
// as the token takes.
class attached_token : public std::enable_shared_from_this<attached_token> {
public:
    // Null: the token is there again. Else it is away since now, or cannot be used for another
    // reason than before: sessions are missing, or are no longer what is missing. On the thread
    // that used it; must not use the token.
    using told = std::function<void(const error* trouble)>;

    static std::shared_ptr<attached_token> make(uri named, std::string pin, told on_change);
    attached_token(const attached_token&) = delete;
    attached_token& operator=(const attached_token&) = delete;

    // Errors of token::open. After errc::denied, as a wrong PIN is, every use answers that error
    // and the token is not asked again: it would lock itself.
    result<void> attach();

    // The key of this label or id as OpenSSL takes it, for TLS, requests and envelopes: RSA signs
    // by PKCS#1 and, where the token has the raw mechanism, by PSS; EC signs and agrees. It lives
    // as long as it is used, and goes on after the token came back.
    // errc::unsupported: AES, or a curve that is neither P-256 nor P-384.
    result<std::shared_ptr<evp_pkey_st>> private_key(const uri& object);
    // Whether its keys make PSS signatures, without which there is no TLS 1.3 by RSA.
    bool signs_pss();

    result<std::string> sign(const uri& object, signing how, std::string_view bytes);
    result<std::string> decrypt(const uri& object, padding how, std::string_view bytes);
    result<std::string> agree(const uri& object, std::string_view point, std::size_t bytes);

    // Whether this key opens what is sealed for it, by trying: of RSA the raw mechanism, by which
    // OAEP is done, of an elliptic curve an agreement with itself. The error is the token's own
    // word: errc::denied for CKA_DECRYPT or CKA_DERIVE, unsupported for a mechanism.
    result<void> try_opening(const uri& object);

private:
    attached_token(uri named, std::string pin, told on_change)
        : named_(std::move(named)), pin_(std::move(pin)), on_change_(std::move(on_change)) {}

    result<void> open();
    result<key> find(const uri& object);
    // `use` with the key, once more with the token opened anew when it failed.
    template <class Use>
    auto with_key(const uri& object, const Use& use) -> decltype(use(std::declval<const key&>()));
    void note(const error* trouble);

    uri named_;
    std::string pin_;
    told on_change_;
    std::mutex mutex_;
    std::unique_ptr<token> token_;
    std::map<std::string, key> keys_;  // of token_, by label and id
    result<void> denied_;              // what ended all tries
    // What on_change_ was told last; no value: that it is there.
    std::optional<boost::system::error_code> trouble_;
};

}  // namespace evergrass::pkcs11
