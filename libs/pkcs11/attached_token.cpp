#include "libs/pkcs11/attached_token.hpp"

#include "libs/base/errors.hpp"
#include "libs/pkcs11/errors.hpp"
#include "libs/pkcs11/openssl_key.hpp"

#include <utility>

namespace evergrass::pkcs11 {

std::shared_ptr<attached_token> attached_token::make(uri named, std::string pin, told on_change) {
    return std::shared_ptr<attached_token>(
        new attached_token(std::move(named), std::move(pin), std::move(on_change)));
}

void attached_token::note(const error* trouble) {
    const auto lacks_session = [](const auto& of) { return of && *of == fault::no_session; };
    const auto now =
        trouble == nullptr ? std::nullopt : std::optional<boost::system::error_code>(trouble->code);
    // A token that is away says so in more than one way; that is one trouble.
    const bool changed =
        now.has_value() != trouble_.has_value() || lacks_session(now) != lacks_session(trouble_);
    trouble_ = now;
    if (changed && on_change_) {
        on_change_(trouble);
    }
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
               (done.error().code == errc::unavailable || done.error().code == errc::not_found ||
                done.error().code == fault::no_session);
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

result<void> attached_token::try_opening(const uri& object) {
    const auto tried = with_key(object, [&](const key& with) -> result<std::string> {
        const auto half = token_->public_half_of(with, object);
        if (!half) {
            return half.error();
        }
        if (half->kind != key_kind::rsa) {
            return token_->agree(with, half->point, (half->point.size() - 1) / 2);
        }
        std::string block(half->modulus.size(), '\0');
        block.back() = 2;
        return token_->decrypt(with, block, padding::none);
    });
    return tried ? result<void>() : tried.error();
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
