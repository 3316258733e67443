#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/shadow/carry_out.hpp"
#include "libs/shadow/topics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::cloud {

struct shadow_request {
    shadow::shadow_id which;  // names that have been checked
    shadow::operation what = shadow::operation::get;
    std::string payload;  // the JSON; empty for get and delete over HTTP
    // Gets the body of `accepted`, or the error, after the commit; on the service's thread, or on
    // the caller's where the request is not taken. Must not block. Empty: the request came over
    // MQTT and is answered there, a refusal too.
    std::function<void(const result<std::string>&)> answered;
    mqtt::receipt pending;     // released when the answers are with those for whom they are
    bool is_too_many = false;  // the service's own: it is to be refused with 429
};

// The device shadows of all things: reads and changes them in the store, one request after another
// in the order of their coming, and says over MQTT what came of it (docs/shadows.md). What waits is
// carried out in one transaction, so that a disk that is slow to sync costs latency and not rate.
//
// Any thread. It asks neither registry nor policies: whoever calls has asked.
class shadow_service final : public mqtt::external_target {
public:
    // Publishes at QoS 1. `pending` is to be released when the message is with all for whom it is.
    using publisher =
        std::function<void(std::string topic, std::string payload, const mqtt::receipt& pending)>;

    // `state` and `time` outlive the service.
    shadow_service(store& state, const clock& time, logger log);
    ~shadow_service() override;  // stop()

    // Requests wait until then. `say` is called on the service's thread until stop().
    void begin(publisher say);
    void ask(shadow_request asked);
    // A message to one of the topics of shadow::parse_request_topic().
    void deliver(const mqtt::publication& message, const mqtt::receipt& pending) override;

    // Carries out what waits; what comes later is refused.
    void stop();

private:
    using outcome = shadow::outcome;
    using batch = std::vector<shadow_request>;

    void work();
    batch take_batch();
    void carry_out(batch asked);
    result<std::vector<outcome>> try_all(const batch& asked);
    result<outcome> try_one(const shadow_request& asked);
    outcome refuse(const shadow_request& asked, error why) const;
    void tell(shadow_request& asked, outcome came_of_it);

    store& state_;
    const clock& time_;
    logger log_;
    publisher say_;

    std::mutex mutex_;
    std::deque<shadow_request> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool begun_ = false;
    bool working_ = false;
    bool stopped_ = false;
    boost::asio::thread_pool pool_{1};
};

}  // namespace evergrass::cloud
