#include "cloud/gateway/signing_keys.hpp"

namespace evergrass::cloud {

// No part of a credential scope has a slash in it: it was split at them.
std::string signing_keys::name_of(const aws::authorization& claimed) {
    std::string name;
    name.reserve(96);
    name.append(claimed.access_key_id).append("/").append(claimed.date).append("/");
    return name.append(claimed.region).append("/").append(claimed.service);
}

std::optional<std::string> signing_keys::find(const aws::authorization& claimed,
                                              std::string_view sealed_secret) const {
    const auto name = name_of(claimed);
    const std::lock_guard hold(mutex_);
    const auto found = keys_.find(name);
    if (found == keys_.end() || found->second.sealed_secret != sealed_secret) {
        return std::nullopt;
    }
    return found->second.signing_key;
}

void signing_keys::remember(const aws::authorization& claimed, std::string_view sealed_secret,
                            std::string_view signing_key) {
    auto name = name_of(claimed);
    const std::lock_guard hold(mutex_);
    if (keys_.size() >= most) {
        keys_.clear();
    }
    keys_.insert_or_assign(std::move(name),
                           known{std::string(sealed_secret), std::string(signing_key)});
}

std::size_t signing_keys::size() const {
    const std::lock_guard hold(mutex_);
    return keys_.size();
}

}  // namespace evergrass::cloud
