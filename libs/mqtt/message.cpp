#include "libs/mqtt/message.hpp"

#include "libs/mqtt/lifetime.hpp"
#include "libs/mqtt/property.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace evergrass::mqtt {
namespace {

using std::chrono::seconds;

// Whole seconds, begun ones too, so that nothing expires before its time; at least 1.
std::uint32_t seconds_until(wall_time end, wall_time now) {
    if (end <= now) {
        return 1;
    }
    const auto left = std::chrono::ceil<seconds>(end - now).count();
    return static_cast<std::uint32_t>(
        std::min<std::int64_t>(left, std::numeric_limits<std::uint32_t>::max()));
}

publish_view view_of(const stored_message& kept, wall_time now) {
    publish_view view;
    view.topic = kept.topic;
    view.payload = *kept.payload;
    view.level = kept.level;
    view.retain = kept.retain;
    view.properties = kept.properties;
    if (kept.expires_at) {
        view.message_expiry = seconds_until(*kept.expires_at, now);
    }
    return view;
}

}  // namespace

publication::publication(message_ptr kept, wall_time now)
    : view_(view_of(*kept, now)),
      source_(kept->source),
      now_(now),
      forwarded_known_(true),
      forwarded_(kept->properties),
      payload_(kept->payload),
      kept_(std::move(kept)) {}

std::string_view publication::forwarded() const {
    if (!forwarded_known_) {
        forwarded_known_ = true;
        forwarded_ = view_.properties.empty() ? std::string_view()
                                              : forwarded_properties(view_.properties, scratch_);
    }
    return forwarded_;
}

std::optional<std::uint32_t> publication::expiry_left() const {
    if (!view_.message_expiry) {
        return std::nullopt;
    }
    return std::max<std::uint32_t>(*view_.message_expiry, 1);
}

const message_ptr& publication::keep() const {
    if (!kept_) {
        auto kept = std::make_shared<stored_message>();
        kept->topic = view_.topic;
        kept->payload = shared_payload();
        kept->level = view_.level;
        kept->retain = view_.retain;
        kept->properties = forwarded();
        if (view_.message_expiry) {
            kept->expires_at = after(now_, *view_.message_expiry);
        }
        kept->source = source_;
        kept_ = std::move(kept);
    }
    return kept_;
}

const std::shared_ptr<const std::string>& publication::shared_payload() const {
    if (!payload_) {
        payload_ = std::make_shared<const std::string>(view_.payload);
    }
    return payload_;
}

}  // namespace evergrass::mqtt
