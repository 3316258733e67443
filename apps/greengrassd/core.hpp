#pragma once

#include "apps/greengrassd/core_settings.hpp"
#include "edge/admin/admin_server.hpp"
#include "edge/announcement/lan_discovery.hpp"
#include "edge/cloud_link/cloud_link.hpp"
#include "edge/cloud_link/file_watch.hpp"
#include "edge/config/config.hpp"
#include "edge/credentials/credential_provider.hpp"
#include "edge/deployment/agent.hpp"
#include "edge/devices/device_server.hpp"
#include "edge/functions/function_manager.hpp"
#include "edge/invocations/invocation_runner.hpp"
#include "edge/invocations/run_order.hpp"
#include "edge/keys/core_keys.hpp"
#include "edge/logs/log_shipper.hpp"
#include "edge/router/router.hpp"
#include "edge/secrets/data_key.hpp"
#include "edge/secrets/deployed_secrets.hpp"
#include "edge/secrets/file_secret_store.hpp"
#include "edge/secrets/sealed_secrets.hpp"
#include "edge/secrets/secret_service.hpp"
#include "edge/shadows/shadow_service.hpp"
#include "edge/spooler/spooler.hpp"
#include "libs/log_store/real_file_system.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::greengrassd {

// The parts of a core and how they hang together. Functions, the link to the cloud, deployments and
// timers run on one io_context and one thread; packages are hashed and unpacked on another. The
// local MQTT server has threads of its own, on which a message goes from device to device without a
// lock and without the core's thread; what is for others comes here by a post. Built downwards,
// stopped in reverse, but for the sources of messages, which go first.
class core : private edge::deployment_target {
public:
    core(boost::asio::io_context& io, edge::core_config config, program_places programs,
         logger log);
    ~core() override;

    // Checks the core's certificate and opens the ports. The error says what is wrong and what to
    // do.
    result<void> open();

    // Runs the last deployment; the parts that could not start.
    boost::asio::awaitable<std::vector<edge::part_failure>> boot();

    // Talks to the service until cancelled.
    boost::asio::awaitable<void> run();

    // Ends functions, connections and ports.
    boost::asio::awaitable<void> stop();

    // "host:port" of the local MQTT server and of the IPC endpoint.
    std::string mqtt_endpoint() const;
    std::string ipc_endpoint() const;

private:
    boost::asio::awaitable<std::vector<edge::part_failure>> apply(
        const contract::manifest& wanted) override;
    boost::asio::awaitable<void> clear() override;
    bool serves_secrets_of(const contract::manifest& m) const override;
    void restore_rules();
    void take_server_certificate();
    void make_lan_discovery(boost::asio::any_io_executor executor);
    void open_lan_discovery();
    void announce();
    void serve_credentials(const contract::manifest& wanted);
    result<void> serve_secrets(const contract::manifest& wanted);
    result<void> look_for_missing_secrets() const;
    result<std::vector<edge::secret>> secrets_of(const contract::manifest& wanted);
    result<std::vector<edge::secret>> open_package(const std::string& sealed) const;
    boost::asio::awaitable<result<void>> ask_for_secrets();
    boost::asio::awaitable<void> regain_secrets();
    void keep_secrets_under_new_key();
    void serve_own_store();
    void keep_secrets(const std::string& deployment, const std::vector<edge::secret>& all) const;
    result<void> take_new_secrets(const contract::signed_manifest& signed_text);
    boost::asio::awaitable<void> refresh_secrets();
    void open_spooler();
    void serve_shadows();
    void follow_shadows(const contract::manifest& wanted);
    json::array resources_of(const contract::manifest& wanted) const;
    void note_group(const contract::manifest& running);
    boost::asio::awaitable<void> watch_identity();
    edge::core_snapshot snapshot() const;
    void add_link(edge::core_snapshot& now) const;
    boost::asio::awaitable<result<edge::invocation_reply>> invoke(edge::invocation_request asked);
    boost::asio::awaitable<result<edge::deploy_reply>> deploy(edge::deploy_order order);

    edge::core_config config_;
    logger log_;
    clock time_;
    boost::asio::thread_pool disk_{1};  // hashes, unpacks, asks programs for versions
    std::shared_ptr<edge::core_keys> keys_;
    edge::file_watch identity_files_;
    std::string certificate_text_;  // as the connections to the cloud have it
    std::shared_ptr<std::uint64_t> identity_changes_ = std::make_shared<std::uint64_t>(0);
    edge::router router_;
    edge::device_server devices_;
    edge::shadow_service shadows_;
    std::shared_ptr<edge::credential_provider> credentials_;
    edge::any_key_wrapper own_store_key_;
    edge::file_secret_store secret_store_;
    edge::deployed_secrets known_secrets_;
    edge::rsa_key_wrapper secrets_key_;
    edge::sealed_secrets sealed_secrets_;
    std::string secrets_deployment_;  // whose secrets are used
    // It brought some that none of the core's keys opens: the service is asked to seal them anew.
    bool lacks_secrets_ = false;
    std::shared_ptr<edge::secret_service> secrets_;
    edge::function_manager functions_;
    log_store::real_file_system files_;
    edge::spooler spooler_;
    edge::cloud_link cloud_;
    edge::deployment_store store_;
    edge::signing_key signing_key_;
    edge::service_client service_;
    edge::server_certificate certificate_;
    std::optional<edge::core_snapshot::local_tls> local_tls_;  // what devices are shown
    std::optional<edge::lan_discovery> lan_;                   // nullopt: off
    edge::denied_certificates denied_;
    edge::deployment_agent agent_;
    edge::invocation_runner invocations_;
    edge::log_shipper log_shipper_;
    edge::service_client asks_for_secrets_;
    std::string secrets_version_;  // that the service told last
    boost::asio::cancellation_signal end_refreshing_;
    bool refreshes_ = false;
    bool asks_ = false;  // asks_for_secrets_ is in use
    boost::asio::cancellation_signal end_regaining_;
    bool regains_ = false;
    bool is_up_ = false;  // boot() has ended
    boost::asio::cancellation_signal end_shipping_;
    bool ships_ = false;
    boost::asio::cancellation_signal end_watching_;
    bool watches_ = false;
    edge::admin_server admin_;

    // What runs now, for snapshot().
    wall_time started_;
    std::string deployment_id_;
    std::string group_name_;
    contract::manifest announced_;     // its id is empty: there is no group
    std::vector<std::string> things_;  // the group's devices
    std::vector<edge::deployed_function> invocable_;
    std::uint64_t deployments_applied_ = 0;
    std::uint64_t deployments_failed_ = 0;
    edge::core_snapshot::local_deployment deploying_;
};

}  // namespace evergrass::greengrassd
