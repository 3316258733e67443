#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

// Each connection and each session that is away has its own timers and takes them back, so that
// clients that come and go leave none behind. That of a connection stays where it is while packets
// come: it fires, sees them, and is set anew; a connection that is busy costs nothing here.
namespace evergrass::mqtt {

void broker::implementation::arm_silence(mono_time at, std::uint64_t serial) {
    timers.insert({at, timer_kind::silence, serial, {}});
}

void broker::implementation::disarm_silence(mono_time at, std::uint64_t serial) {
    timers.erase({at, timer_kind::silence, serial, {}});
}

void broker::implementation::arm_session(const session& which) {
    if (which.expires_at) {
        timers.insert({*which.expires_at, timer_kind::expiry, 0, which.info.id});
    }
    if (which.will_due) {
        timers.insert({*which.will_due, timer_kind::will, 0, which.info.id});
    }
}

void broker::implementation::disarm_will(session& which) {
    if (const auto at = std::exchange(which.will_due, std::nullopt)) {
        timers.erase({*at, timer_kind::will, 0, which.info.id});
    }
}

void broker::implementation::disarm_session(session& which) {
    if (const auto at = std::exchange(which.expires_at, std::nullopt)) {
        timers.erase({*at, timer_kind::expiry, 0, which.info.id});
    }
    disarm_will(which);
}

void broker::implementation::fire(const timer& due) {
    if (due.kind == timer_kind::silence) {
        if (const auto found = links.find(due.serial); found != links.end()) {
            found->second->check_silence();
        }
    } else if (auto* const who = find(due.client_id); due.kind == timer_kind::expiry) {
        end_session(*who, "it expired");
    } else {
        publish_due_will(*who);
    }
}

mono_time broker::deadline() const {
    return implementation_->timers.empty() ? mono_time::max() : implementation_->timers.begin()->at;
}

void broker::on_time() {
    auto& self = *implementation_;
    while (!self.timers.empty() && self.timers.begin()->at <= self.now) {
        self.fire(self.timers.extract(self.timers.begin()).value());
    }
}

}  // namespace evergrass::mqtt
