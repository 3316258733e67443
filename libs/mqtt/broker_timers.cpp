#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

namespace evergrass::mqtt {

// A timer is not taken back when what it was for changes: it fires, sees that, and is set anew
// where it is still needed. So a connection that is busy costs nothing here.
void broker::implementation::fire(const timer& due) {
    if (due.kind == timer_kind::silence) {
        const auto found = links.find(due.serial);
        if (found == links.end()) {
            return;
        }
        if (const auto again = found->second->check_silence()) {
            arm({*again, timer_kind::silence, due.serial, {}});
        }
        return;
    }
    auto* const who = find(due.client_id);
    if (who == nullptr || who->link != nullptr) {
        return;
    }
    if (due.kind == timer_kind::expiry && who->expires_at && *who->expires_at <= now) {
        end_session(*who, "it expired");
    } else if (due.kind == timer_kind::will && who->will_due && *who->will_due <= now) {
        publish_due_will(*who);
    }
}

mono_time broker::deadline() const {
    return implementation_->timers.empty() ? mono_time::max() : implementation_->timers.top().at;
}

void broker::on_time() {
    auto& self = *implementation_;
    while (!self.timers.empty() && self.timers.top().at <= self.now) {
        const auto due = self.timers.top();
        self.timers.pop();
        self.fire(due);
    }
}

}  // namespace evergrass::mqtt
