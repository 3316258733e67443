#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/iot/fleet_topics.hpp"
#include "cloud/iot/registry.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/policy.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// At most `per_second` in the long run, and as many at once.
class request_rate {
public:
    explicit request_rate(double per_second) : per_second_(per_second), left_(per_second) {}
    // True: one more may come now. `now` does not run backwards.
    bool take(mono_time now);

private:
    double per_second_;
    double left_;
    mono_time last_{};
};

// Fleet provisioning over MQTT (docs/iot.md): a device that has no certificate of its own asks with
// one that many share, or a temporary one, for its own and for what a template of the owner's
// makes, in JSON or CBOR. Whether it may use the topic, its certificate's policies have said.
//
// One request after the other, on a thread of its own. Any thread may call.
class fleet_provisioning final : public mqtt::external_target {
public:
    // Says a message at QoS 1 to one client.
    using sayer = std::function<void(std::string topic, std::string payload,
                                     const mqtt::receipt& pending, std::string_view to)>;

    // AWS's quota for each of the three operations.
    static constexpr double requests_a_second = 10;

    // What is passed by reference outlives the service.
    fleet_provisioning(registry& in, sayer say, logger log);
    ~fleet_provisioning() override;  // stop()

    // A message to one of the topics of parse_fleet_topic().
    void deliver(const mqtt::publication& message, const mqtt::receipt& pending) override;

    // The answer's body, or a refusal whose code and message are the device's to see.
    api_result answer_now(const iot::fleet_request& asked, std::string_view payload);

    // Answers what waits; what comes later is not answered.
    void stop();

private:
    struct waiting_request;

    void refuse(const waiting_request& asked, const api_error& why);
    bool has_room(iot::fleet_operation what);
    api_result create_certificate(const std::string& public_key_pem, const std::string& common_name,
                                  const std::string& private_key_pem);
    api_result create_keys();
    api_result create_from_csr(const iot::fleet_request& asked, std::string_view payload);
    api_result provision(const iot::fleet_request& asked, std::string_view payload);

    registry& in_;
    sayer say_;
    logger log_;
    std::mutex mutex_;
    std::map<iot::fleet_operation, request_rate> rates_;
    std::atomic<int> waiting_{0};
    boost::asio::thread_pool work_{1};
};

}  // namespace evergrass::cloud
