#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace evergrass::cloud {

enum class registry_change { rights, certificate_lost, things, emptied };

// Tells the readers of the registry that it changed. An operation says so after its commit and
// before its answer, so that what was answered is in force. Any thread.
class registry_changes {
public:
    // Grows with each change; what was read under an older generation may be out of date.
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

    void changed() { happened(registry_change::rights, {}); }

    // The certificate is ACTIVE again, or of another thing than before: who waits for news of its
    // devices, here or at another service, looks again.
    void certificate_changed(const std::string& certificate_id) {
        changed();
        if (on_certificate_changed) {
            on_certificate_changed(certificate_id);
        }
    }

    // The certificate is no longer ACTIVE, or is gone.
    void certificate_lost(const std::string& certificate_id) {
        happened(registry_change::certificate_lost, certificate_id);
    }

    // A thing was deleted, or another one is in a group.
    void things_changed() { happened(registry_change::things, {}); }

    // The whole registry was emptied.
    void emptied() { happened(registry_change::emptied, {}); }

    // Another service of the same store has changed it so. May wait as the calls below may.
    void heard(registry_change what, const std::string& name) {
        generation_.fetch_add(1, std::memory_order_acq_rel);
        if (what == registry_change::certificate_lost && on_certificate_lost) {
            on_certificate_lost(name);
        } else if (what == registry_change::things && on_things_changed) {
            on_things_changed();
        } else if (what == registry_change::emptied && on_emptied) {
            on_emptied();
        }
    }

    // Set at start-up, before the first operation runs; called on the operation's thread. That
    // holds no lock of the store then: what is called may wait for threads that wait for the store.
    std::function<void(const std::string& certificate_id)> on_certificate_lost;
    // Of changes made here: what is called tells the other services itself.
    std::function<void(const std::string& certificate_id)> on_certificate_changed;
    std::function<void()> on_things_changed;
    std::function<void()> on_emptied;
    // Tells the other services; `name`: the certificate's. Empty: there are none.
    std::function<void(registry_change what, const std::string& name)> tell_others;

private:
    void happened(registry_change what, const std::string& name) {
        heard(what, name);
        if (tell_others) {
            tell_others(what, name);
        }
    }

    std::atomic<std::uint64_t> generation_{1};
};

}  // namespace evergrass::cloud
