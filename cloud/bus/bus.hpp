#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/share_exchange.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// What the services of one store tell each other by, docs/scale.md: a stream that keeps, in one
// order for all of them, and a channel that does not. Any thread, but for begin() and stop(), which
// belong to one.
class bus {
public:
    // A place in the stream: from 1, rising; 0: before the first one.
    using position = std::uint64_t;

    // Of what is kept, and of what was only said (position 0). On threads of the bus, one call at a
    // time; what is kept comes in the stream's order and each once.
    using hearer = std::function<void(position at, std::string_view bytes)>;
    // On a thread of the bus, or on the caller's; must not block. An error: it is not kept.
    using kept = std::function<void(const result<position>& at)>;

    virtual ~bus() = default;

    // Hears what is kept after `after`, and what is said from now on; what the caller itself sends
    // too. Once.
    virtual result<void> begin(position after, hearer hear) = 0;

    // Keeps `bytes`; `subject` is of bus_subjects.hpp. Tried until it is done, in the order of the
    // calls. errc::too_large: too much waits already; errc::closed: the bus was stopped. `id`: what
    // has the same one within two minutes, whoever keeps it, is kept once; empty: one of its own.
    virtual void keep(const std::string& subject, std::string bytes, kept call,
                      std::string id = {}) = 0;
    // Lost where nobody can be reached now. `subject` is live_subject()'s.
    virtual void say(const std::string& subject, std::string_view bytes) = 0;

    // A message that this service, of all that share(), is to bring to one of its clients. Its turn
    // goes on, to another service or here again, when it is dropped undone, and when nothing is
    // heard of this service for some seconds. On threads of the bus; must not block.
    using turn_hearer = std::function<void(std::string_view bytes, mqtt::share_turn_ptr turn)>;
    // From now on takes part in "$share/NAME/FILTER": each message that is kept or said and that
    // FILTER matches has its turn at one of those who do. `kept`: what is kept waits for its turn
    // also while nobody does, until keep_shares() says otherwise; else for a minute. Again: changes
    // `kept` from false to true. Waits for the server.
    virtual result<void> share(const std::string& filter, bool kept, turn_hearer hear) = 0;
    virtual void unshare(const std::string& filter) = 0;
    // Of all shares of the fleet those for which messages wait. Waits for the server.
    virtual result<void> keep_shares(const std::vector<std::string>& filters) = 0;

    struct record {
        position at = 0;
        std::string bytes;
    };
    // What is still kept of after < at <= upto with such a subject, in order. Waits for the server.
    virtual result<std::vector<record>> read(position after, position upto,
                                             const std::string& subject_filter) = 0;
    // The stream's first and last place; {1, 0} for an empty one. Waits for the server.
    struct extent {
        position first = 1;
        position last = 0;
    };
    virtual result<extent> ends() = 0;

    virtual bool is_connected() const = 0;
    // What waits to be kept is given up. No call begins after it has returned.
    virtual void stop() = 0;
};

}  // namespace evergrass::cloud
