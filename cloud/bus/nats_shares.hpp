#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/bus/nats_bus.hpp"
#include "libs/base/log.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <nats/nats.h>
#include <string>
#include <vector>

namespace evergrass::cloud {

// The part of nats_bus that shares subscriptions: a durable consumer of the stream for each, which
// JetStream delivers to one member of a queue group at a time, and which waits for an
// acknowledgement of each message. Any thread, but for begin(), stop() and is_quiet().
class nats_shares {
public:
    nats_shares(const nats_settings& settings, const logger& log);
    ~nats_shares();
    nats_shares(const nats_shares&) = delete;
    nats_shares& operator=(const nats_shares&) = delete;

    // Both outlive stop().
    void begin(natsConnection* link, jsCtx* stream);
    // bus::share, unshare and keep_shares.
    result<void> share(const std::string& filter, bool kept, bus::turn_hearer hear);
    void unshare(const std::string& filter);
    result<void> keep(const std::vector<std::string>& filters);

    // Each half second while the server can be reached; `again`: after it could not.
    void look(bool again);
    void stop();
    // After stop() and the connection's end: nobody calls any more. Waits some seconds for that.
    bool is_quiet();

private:
    struct ledger;
    class turn;
    struct member;

    result<void> make_consumer(const std::string& filter, bool kept) const;
    result<void> join(const std::shared_ptr<member>& who);
    static void on_turn(natsConnection*, natsSubscription*, natsMsg* message, void* holder);
    static void on_complete(void* holder);

    const nats_settings& settings_;
    const logger& log_;
    const std::shared_ptr<ledger> ledger_;
    natsConnection* link_ = nullptr;
    jsCtx* stream_ = nullptr;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<member>> members_;  // by filter
    std::mutex counting_;
    std::condition_variable changed_;
    int subscriptions_ = 0;  // whose threads may still call
};

}  // namespace evergrass::cloud
