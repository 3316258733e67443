#include "cloud/gateway/kept_answers.hpp"

#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::size_t bytes_beside = 256;  // of the map, the key and the header's fields

std::size_t size_of(std::string_view target, const http::response& answered) {
    return bytes_beside + target.size() + answered.body.size();
}

}  // namespace

const http::response* kept_answers::find(const db::state_mark& state,
                                         const modelled_operation& asked, std::string_view target) {
    if (state_ != state) {
        by_age_.clear();
        by_target_.clear();
        bytes_ = 0;
        state_ = state;
        was_asked_before_ = false;
        return nullptr;
    }
    was_asked_before_ = true;
    const auto found = by_target_.find(target);
    return found != by_target_.end() && found->second.asked == &asked ? &found->second.answered
                                                                      : nullptr;
}

void kept_answers::keep(const db::state_mark& state, const modelled_operation& asked,
                        std::string_view target, const http::response& answered) {
    const auto size = size_of(target, answered);
    if (state_ != state || !was_asked_before_ || size > most_bytes_ / 4) {
        return;
    }
    while (bytes_ + size > most_bytes_) {
        forget_oldest();
    }
    const auto [at, is_new] = by_target_.try_emplace(std::string(target), kept{&asked, answered});
    if (is_new) {
        by_age_.push_back(at);
        bytes_ += size;
    }
}

void kept_answers::forget_oldest() {
    const auto oldest = by_age_.front();
    by_age_.pop_front();
    bytes_ -= size_of(oldest->first, oldest->second.answered);
    by_target_.erase(oldest);
}

}  // namespace evergrass::cloud
