#pragma once

#include "apps/evergrass_cloud/data_directory.hpp"
#include "apps/evergrass_cloud/options.hpp"
#include "cloud/gateway/gateway.hpp"
#include "cloud/greengrass/bulk_runner.hpp"
#include "cloud/greengrass/deployment_notifier.hpp"
#include "cloud/greengrass/deployment_signer.hpp"
#include "cloud/greengrass/device_api.hpp"
#include "cloud/greengrass/services.hpp"
#include "cloud/greengrass/upstream_sts.hpp"
#include "cloud/iam/iam_registry.hpp"
#include "cloud/iot/hub.hpp"
#include "cloud/iot/registry.hpp"
#include "cloud/iot/registry_authority.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "cloud/iot/websocket_door.hpp"
#include "cloud/lambda/functions.hpp"
#include "cloud/logs/log_registry.hpp"
#include "cloud/objects/s3_door.hpp"
#include "cloud/secrets/secrets.hpp"
#include "cloud/store/store.hpp"

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
    void set_endpoints(iot_endpoints endpoints) { registry_.endpoints = std::move(endpoints); }

    const service_keys& keys() const { return keys_; }
    const device_authority& authority() const { return authority_; }
    hub& devices() { return *hub_; }
    gateway& apis() { return *gateway_; }
    // What devices and cores ask over mutual TLS: discovery, the cores' own API, publishing,
    // shadows.
    http::handler device_handler();
    std::unique_ptr<websocket_door> make_websocket_door(websocket_door::take_over take);
    objects::s3_door& objects() { return s3_; }

private:
    service_parts(const service_options& options, data_lock lock, service_keys keys,
                  deployment_signer signer, std::optional<greengrass::upstream_sts> sts,
                  std::unique_ptr<store> state, std::string sealing_key, logger log);
    result<void> start_hub(const service_options& options);
    void make_gateway(const service_options& options);
    operation_table all_operations();
    static boost::asio::awaitable<http::response> answer_device(service_parts* self,
                                                                http::request asked);
    result<void> empty();

    logger log_;
    data_lock lock_;
    service_keys keys_;
    service_identity identity_;
    clock clock_;
    std::unique_ptr<store> state_;
    registry_changes changes_;
    registry registry_;
    registry_authority authority_;
    std::shared_ptr<shadow_service> shadows_;
    std::unique_ptr<hub> hub_;
    objects::object_store objects_;
    lambda::function_registry functions_;
    secrets::secret_registry secrets_;
    logs::log_registry logs_;
    iam::iam_registry iam_;
    deployment_signer signer_;
    deployment_notifier notifier_;
    std::optional<greengrass::upstream_sts> sts_;
    greengrass_services greengrass_;
    // Where the device API uses the store, so that a slow disk holds up no connection.
    boost::asio::thread_pool blocking_{1};
    // Where objects are written and digested, which takes as long as they are large.
    boost::asio::thread_pool object_work_{1};
    device_api device_api_;
    objects::s3_door s3_;
    greengrass::bulk_runner bulk_;
    std::unique_ptr<gateway> gateway_;
};

}  // namespace evergrass::cloud
