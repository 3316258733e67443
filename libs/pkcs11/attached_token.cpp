#include "libs/pkcs11/attached_token.hpp"

#include "libs/base/errors.hpp"
#include "libs/pkcs11/openssl_key.hpp"

#include <utility>

namespace evergrass::pkcs11 {

std::shared_ptr<attached_token> attached_token::make(uri named, std::string pin, told on_change) {
    return std::shared_ptr<attached_token>(
        new attached_token(std::move(named), std::move(pin), std::move(on_change)));
}

void attached_token::note(const error* trouble) {
    const bool away = trouble != nullptr;
    if (away != is_away_ && on_change_) {
        on_change_(trouble);
    }
    is_away_ = away;
}

result<void> attached_token::open() {
    if (!denied_) {
        return denied_;
    }
    if (token_) {
        return {};
    }
    auto opened = token::open(named_, pin_);
    if (!opened) {
        if (opened.error().code == errc::denied) {
            denied_ = opened.error();
        }
        return opened.error();
    }
    token_ = std::move(*opened);
    return {};
}

result<void> attached_token::attach() {
    const std::lock_guard lock(mutex_);
    return open();
}

bool attached_token::signs_pss() {
    const std::lock_guard lock(mutex_);
    return open() && token_->can(signing::rsa_raw);
}

result<key> attached_token::find(const uri& object) {
    const auto name = object.object.value_or("") + '\0' + object.id.value_or("");
    if (const auto known = keys_.find(name); known != keys_.end()) {
        return known->second;
    }
    auto found = token_->find_key(object);
    if (found) {
        keys_.emplace(name, *found);
    }
    return found;
}

template <class Use>
auto attached_token::with_key(const uri& object, const Use& use)
    -> decltype(use(std::declval<const key&>())) {
    using outcome = decltype(use(std::declval<const key&>()));
    const std::lock_guard lock(mutex_);
    const auto once = [&]() -> outcome {
        if (auto opened = open(); !opened) {
            return opened.error();
        }
        const auto with = find(object);
        return with ? use(*with) : outcome(with.error());
    };
    const bool was_open = token_ != nullptr;
    auto done = once();
    const auto failed = [&] {
        return !done &&
               (done.error().code == errc::unavailable || done.error().code == errc::not_found);
    };
    if (failed()) {
        // The session, and the module's picture of its slots, go with the token.
        keys_.clear();
        token_.reset();
        if (was_open) {
            done = once();
        }
    }
    if (failed()) {
        keys_.clear();
        token_.reset();
    }
    if (failed() || !denied_) {
        const error trouble = done.error();
        note(&trouble);
    } else {
        note(nullptr);  // what the token refuses, it is there to refuse
    }
    return done;
}

result<std::string> attached_token::sign(const uri& object, signing how, std::string_view bytes) {
    return with_key(object, [&](const key& with) { return token_->sign(with, how, bytes); });
}

result<std::string> attached_token::decrypt(const uri& object, padding how,
                                            std::string_view bytes) {
    return with_key(object, [&](const key& with) { return token_->decrypt(with, bytes, how); });
}

result<std::string> attached_token::agree(const uri& object, std::string_view point,
                                          std::size_t bytes) {
    return with_key(object, [&](const key& with) { return token_->agree(with, point, bytes); });
}

result<std::shared_ptr<evp_pkey_st>> attached_token::private_key(const uri& object) {
    const auto half =
        with_key(object, [&](const key& with) { return token_->public_half_of(with, object); });
    if (!half) {
        return half.error();
    }
    return as_openssl_key(shared_from_this(), object, *half);
}

}  // namespace evergrass::pkcs11
