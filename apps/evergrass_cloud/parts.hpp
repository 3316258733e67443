#pragma once

#include "apps/evergrass_cloud/data_directory.hpp"
#include "apps/evergrass_cloud/options.hpp"
#include "cloud/admin/admin_answers.hpp"
#include "cloud/admin/expired_keys.hpp"
#include "cloud/adoption/adoption.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/gateway/gateway.hpp"
#include "cloud/greengrass/bulk_runner.hpp"
#include "cloud/greengrass/deployment_notifier.hpp"
#include "cloud/greengrass/deployment_signer.hpp"
#include "cloud/greengrass/device_api.hpp"
#include "cloud/greengrass/services.hpp"
#include "cloud/greengrass/upstream_sts.hpp"
#include "cloud/iam/iam_registry.hpp"
#include "cloud/iot/fleet_provisioning.hpp"
#include "cloud/iot/hub.hpp"
#include "cloud/iot/just_in_time.hpp"
#include "cloud/iot/registry.hpp"
#include "cloud/iot/registry_authority.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "cloud/iot/websocket_door.hpp"
#include "cloud/jobs/job_service.hpp"
#include "cloud/jobs/operations.hpp"
#include "cloud/lambda/core_invocations.hpp"
#include "cloud/lambda/functions.hpp"
#include "cloud/lambda/shared_invocations.hpp"
#include "cloud/logs/log_registry.hpp"
#include "cloud/nodes/lease.hpp"
#include "cloud/nodes/node.hpp"
#include "cloud/objects/s3_door.hpp"
#include "cloud/objects/upstream_objects.hpp"
#include "cloud/secrets/secrets.hpp"
#include "cloud/store/store.hpp"
#include "cloud/upstream/client.hpp"
#include "libs/db/postgres.hpp"
#include "libs/pki/key_pool.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <optional>

namespace evergrass::cloud {

// What answers requests, without the listeners that bring them. Members are in the order of their
// making; each uses only those above it, and they end in the reverse.
class service_parts {
public:
    static result<std::unique_ptr<service_parts>> make(const service_options& options, logger log);

    ~service_parts();

    // The ports are known only when the listeners are open; no request is answered before.
    // `api`: `host[:port]` of the AWS APIs over HTTPS.
    void set_endpoints(iot_endpoints endpoints, std::string api) {
        registry_.endpoints = std::move(endpoints);
        api_endpoint_ = std::move(api);
    }

    const service_keys& keys() const { return keys_; }
    const device_authority& authority() const { return authority_; }
    just_in_time& newcomers() { return newcomers_; }
    hub& devices() { return *hub_; }
    http::handler api_handler(bool plain_loopback);
    // gateway::answer_at_once(), for what comes to the APIs' ports. The connections' thread.
    std::optional<http::response> answer_at_once(http::request& asked);
    // What devices and cores ask over mutual TLS: discovery, the cores' own API, publishing,
    // shadows, jobs.
    http::handler device_handler();
    std::unique_ptr<websocket_door> make_websocket_door(websocket_door::take_over take);
    objects::s3_door& objects() { return s3_; }
    // What the service's own socket answers, and what both API ports say of its health.
    const admin_parts& admin() const { return admin_; }
    boost::asio::any_io_executor blocking_executor() { return blocking_.get_executor(); }
    boost::asio::any_io_executor admin_executor() { return admin_work_.get_executor(); }
    // One more connection over a limit.
    void count_refused_connection() { counts_.count_throttled("connections"); }

private:
    service_parts(const service_options& options, data_lock lock,
                  std::unique_ptr<db::serving_claim> claim, service_keys keys,
                  deployment_signer signer, std::optional<greengrass::upstream_sts> sts,
                  std::unique_ptr<store> state, std::unique_ptr<objects::body_store> bodies,
                  std::unique_ptr<bus> between, logger log);
    void publish(std::string topic, std::string payload, const mqtt::receipt& pending,
                 std::string_view only_to = {});
    std::vector<std::string> polls_of(const std::string& certificate_id);
    result<void> start_upstream(const service_options& options);
    result<void> start_hub(const service_options& options);
    result<void> join_others(const service_options& options);
    void tell_others(registry_change what, const std::string& name);
    void lose_key(const std::string& access_key_id);
    void make_gateway(const service_options& options);
    operation_table all_operations();
    static boost::asio::awaitable<http::response> answer_device(service_parts* self,
                                                                http::request asked);
    static boost::asio::awaitable<http::response> route_device(service_parts* self,
                                                               http::request asked);
    result<void> empty();
    std::uint64_t database_bytes() const;
    std::string metrics() const;
    result<json::object> back_up(const std::filesystem::path& file);
    result<json::object> sign(const std::string& manifest) const;

    logger log_;
    data_lock lock_;
    std::unique_ptr<db::serving_claim> claim_;
    service_keys keys_;
    service_identity identity_;
    clock clock_;
    std::unique_ptr<store> state_;
    request_counts counts_;
    request_limits limits_;
    registry_changes changes_;
    pki::rsa_key_pool rsa_keys_;
    registry registry_;
    registry_authority authority_;
    std::shared_ptr<shadow_service> shadows_;
    // With --bus: this service is one of several.
    std::unique_ptr<bus> bus_;
    std::unique_ptr<lease> lease_;
    std::unique_ptr<node> node_;
    std::unique_ptr<hub> hub_;
    std::unique_ptr<upstream::client> upstream_;  // null: every API is here
    objects::object_store objects_;
    std::unique_ptr<objects::upstream_objects> upstream_objects_;
    std::string api_endpoint_;
    std::shared_ptr<job_service> jobs_;
    job_parts job_parts_;
    lambda::function_registry functions_;
    secrets::secret_registry secrets_;
    logs::log_registry logs_;
    iam::iam_registry iam_;
    deployment_signer signer_;
    deployment_notifier notifier_;
    lambda::core_invocations invocations_;
    std::optional<lambda::shared_invocations> shared_invocations_;  // with --bus
    std::optional<greengrass::upstream_sts> sts_;
    greengrass_services greengrass_;
    adoption::adoption_services adoptions_{*state_,  identity_, clock_,
                                           changes_, secrets_,  greengrass_};
    // Where the device API uses the store, so that a slow disk holds up no connection.
    boost::asio::thread_pool blocking_{1};
    just_in_time newcomers_;
    std::shared_ptr<fleet_provisioning> provisioning_;
    // Where objects are written and digested, which takes as long as they are large.
    boost::asio::thread_pool object_work_{1};
    // Where cores' logs are sent on from, to where they are wanted.
    boost::asio::thread_pool log_work_{1};
    // Where those who look after the service are answered: a backup takes its time.
    boost::asio::thread_pool admin_work_{2};
    expired_keys expired_keys_;
    device_api device_api_;
    objects::s3_door s3_;
    greengrass::bulk_runner bulk_;
    std::string software_updates_;  // where the list of packages is
    std::unique_ptr<gateway> gateway_;
    wall_time started_;
    admin_parts admin_;
};

}  // namespace evergrass::cloud
