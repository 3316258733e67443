#pragma once

#include "edge/deployment/bundle_intake.hpp"
#include "edge/deployment/denied_certificates.hpp"
#include "edge/deployment/deployment_store.hpp"
#include "edge/deployment/server_certificate.hpp"
#include "edge/deployment/service_client.hpp"
#include "edge/deployment/signing_key.hpp"
#include "edge/deployment/target.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace evergrass::edge {

struct agent_settings {
    std::string thing;
    std::string ca_file;         // whom the core trusts as its service, for log lines
    std::string listen_address;  // of the local MQTT server, for its certificate
    int poll_seconds = 50;       // how long the service may hold a poll
    std::chrono::milliseconds first_retry{500};
    std::chrono::milliseconds max_retry{60'000};
};

// How a deployment from this machine ended.
struct local_outcome {
    std::string deployment_id;
    std::string group_name;
    bool unchanged = false;  // it ran already
    std::string message;     // empty: success
    std::vector<part_failure> details;
    std::vector<std::string> group_cas;  // PEM: what devices of the group trust
};

// Brings deployments from the service to the core (docs/core-service-protocol.md, "One deployment,
// step by step"): fetch, verify, stage, switch, report, roll back. Everything that the steps leave
// is in the deployment_store, so the program may end at any point. Runs on one executor.
class deployment_agent {
public:
    deployment_agent(agent_settings settings, deployment_store& store, signing_key& key,
                     service_client& service, server_certificate& certificate,
                     deployment_target& target, denied_certificates& denied,
                     boost::asio::any_io_executor disk, const clock& time, logger log);

    // Called when the local MQTT server has a new certificate to serve with.
    std::function<void()> on_server_certificate;

    // The port of the local MQTT server, for the service's record; 0: it has none now.
    std::function<std::uint16_t()> mqtt_port = [] { return std::uint16_t(0); };

    // Called when the service has invocations for this core.
    std::function<void()> on_invocations = [] {};

    // Called when other devices of the running deployment are denied than before.
    std::function<void(const contract::manifest& running)> on_denied =
        [](const contract::manifest&) {};

    // Runs what was deployed last, without the service. A damaged or unsigned deployment is
    // reported and not run. Returns the parts that could not start.
    boost::asio::awaitable<std::vector<part_failure>> boot();

    // Talks to the service until cancelled. REQUIRES: boot() has returned.
    boost::asio::awaitable<void> run();

    // Deploys what is on this machine's disk, with the same steps as what comes from the service,
    // but that nobody is told: a bundle (docs/formats/bundle.md) that the service signed, or, when
    // `unsigned_too`, one that nobody signed, which is then signed by the owner's key of this core.
    // An outcome with a message: it was rolled back. An error: nothing was touched (damaged, of
    // another key, for another core, older than what runs). What the service sends later takes its
    // place. One at a time, with those of the service. `tell` gets a line as each step begins.
    using step_teller = std::function<void(std::string)>;
    boost::asio::awaitable<result<local_outcome>> deploy_bundle(std::filesystem::path bundle,
                                                                bool unsigned_too,
                                                                step_teller tell = {});

    // Brings back what ran before, with the same steps; what runs now is what comes back when it is
    // done again. errc::not_found: nothing ran before, or its packages are gone. Its signature is
    // looked at as at a start; that it is older is what was asked for.
    boost::asio::awaitable<result<local_outcome>> undo_deployment(step_teller tell = {});

private:
    boost::asio::awaitable<result<void>> round();
    boost::asio::awaitable<result<void>> deliver_report();
    boost::asio::awaitable<result<void>> take_signing_key();
    certificate_wish wanted_certificate() const;
    boost::asio::awaitable<result<void>> renew_certificate();
    void renew_certificate_alone();
    boost::asio::awaitable<result<void>> tell_addresses();
    boost::asio::awaitable<result<void>> take_denied();
    boost::asio::awaitable<result<void>> deploy(contract::signed_manifest sealed);
    boost::asio::awaitable<result<void>> stage(const contract::manifest& m);
    boost::asio::awaitable<void> remove_staged(const contract::manifest& failed);
    boost::asio::awaitable<result<void>> fetch(std::string sha256);
    boost::asio::awaitable<result<void>> apply(const contract::signed_manifest& sealed,
                                               const contract::manifest& m);
    // Switches and applies, or rolls back. The failures; empty: it runs.
    boost::asio::awaitable<std::vector<part_failure>> change_over(
        const contract::signed_manifest& sealed, const contract::manifest& m);
    result<bundle_intake> accept_bundle(contract::signed_manifest sealed, bool unsigned_too);
    result<contract::signed_manifest> sign_for_owner(contract::signed_manifest sealed);
    boost::asio::awaitable<result<bundle_intake>> read_bundle(std::filesystem::path bundle,
                                                              bool unsigned_too);
    boost::asio::awaitable<result<bundle_intake>> open_previous();
    boost::asio::awaitable<result<local_outcome>> deploy_taken(result<bundle_intake> taken);
    boost::asio::awaitable<result<local_outcome>> deploy_intake(bundle_intake taken);
    bool runs_already(const contract::manifest& m) const;
    void say(std::string step) const;
    void show_certificate(local_outcome& outcome);
    bool is_of_service() const;
    std::optional<contract::manifest> former_deployment(const contract::manifest& m) const;
    std::optional<contract::manifest> previous_deployment() const;
    boost::asio::awaitable<void> roll_back();
    boost::asio::awaitable<result<void>> reset(const contract::manifest& m);
    boost::asio::awaitable<result<void>> finish(std::string deployment_id, std::string status,
                                                std::string message,
                                                std::vector<part_failure> details);
    void write_group_file();
    void note_link(const result<void>& outcome);
    void note_certificate(const result<void>& outcome);

    agent_settings settings_;
    deployment_store& store_;
    signing_key& key_;
    service_client& service_;
    server_certificate& certificate_;
    deployment_target& target_;
    denied_certificates& denied_;
    boost::asio::any_io_executor disk_;
    const clock& time_;
    logger log_;
    deployment_progress progress_;
    std::optional<contract::manifest> running_;
    std::string connectivity_version_;
    std::string told_addresses_;       // the entries that the service has from this run
    std::string link_trouble_;         // the last reason that was logged; empty while all is well
    std::string certificate_trouble_;  // likewise
    bool was_linked_ = false;
    bool told_to_wait_ = false;
    bool deploying_ = false;
    step_teller tell_;  // of the deployment from this machine that is under way
};

}  // namespace evergrass::edge
