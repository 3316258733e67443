#include "edge/deployment/agent.hpp"

#include "contract/bundle.hpp"
#include "edge/deployment/address_detector.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t max_artifact_bytes = 250ULL * 1024 * 1024;

// Half fixed, half by chance, so that a fleet that lost its service does not come back in one blow.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds delay) {
    const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
    return delay / 2 + delay * byte / 510;
}

// Goes away by itself: asked again later, nothing is decided.
bool is_of_the_link(const error& e) {
    return e.code == errc::unavailable || e.code == errc::timed_out;
}

// Hashing and unpacking a large package would hold up every message of the core: it is done on the
// disk's own thread.
using disk_work = std::function<result<void>()>;

std::string summary(const std::vector<part_failure>& failures) {
    std::string text;
    for (const auto& failure : failures) {
        text += (text.empty() ? "" : "; ") + failure.part + ": " + failure.reason;
    }
    return text;
}

}  // namespace

deployment_agent::deployment_agent(agent_settings settings, deployment_store& store,
                                   signing_key& key, service_client& service,
                                   server_certificate& certificate, deployment_target& target,
                                   denied_certificates& denied, asio::any_io_executor disk,
                                   const clock& time, logger log)
    : settings_(std::move(settings)),
      store_(store),
      key_(key),
      service_(service),
      certificate_(certificate),
      target_(target),
      denied_(denied),
      disk_(std::move(disk)),
      time_(time),
      log_(std::move(log)) {}

asio::awaitable<std::vector<part_failure>> deployment_agent::boot() {
    progress_ = store_.load_progress();
    std::vector<part_failure> failures;
    auto sealed = store_.current();
    if (!sealed) {
        log_.error("The last deployment cannot be run.", {{"reason", sealed.error()}});
        failures.push_back({"deployment", sealed.error().message()});
        progress_.last_deployment_id.clear();  // so that the service sends its newest again
        co_return failures;
    }
    if (!*sealed) {
        log_.info("No deployment yet. Waiting for one from the service.");
        write_group_file();
        co_return failures;
    }
    auto manifest = key_.open(**sealed);
    if (!manifest) {
        log_.error("The last deployment cannot be run.", {{"reason", manifest.error()}});
        failures.push_back({"deployment", manifest.error().message()});
        co_return failures;
    }
    // Code may be missing after a power cut between the switch of an earlier build and its
    // cleaning.
    if (auto placed = store_.place_code(*manifest); !placed) {
        log_.error("The code of the last deployment is not complete.",
                   {{"reason", placed.error()}});
        failures.push_back({"deployment", placed.error().message()});
    }
    running_ = *manifest;
    write_group_file();
    renew_certificate_alone();
    auto parts = co_await target_.apply(*manifest);
    failures.insert(failures.end(), parts.begin(), parts.end());
    log_.info("Running the last deployment.",
              {{"deploymentId", manifest->deployment_id}, {"failedParts", failures.size()}});
    co_return failures;
}

asio::awaitable<void> deployment_agent::run() {
    // A cancelled step ends with its own error; what it was about to save is saved all the same.
    co_await asio::this_coro::throw_if_cancelled(false);
    auto retry = settings_.first_retry;
    for (;;) {
        auto outcome = co_await round();
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            co_return;
        }
        note_link(outcome);
        if (outcome) {
            retry = settings_.first_retry;
            continue;
        }
        service_.drop_connection();
        const bool waited = co_await rt::sleep_for(with_jitter(retry));
        if (!waited) {
            co_return;
        }
        retry = std::min(retry * 2, settings_.max_retry);
    }
}

// A refused certificate is said once, and again only when its reason changes.
void deployment_agent::note_certificate(const result<void>& outcome) {
    auto reason = outcome ? std::string() : outcome.error().message();
    if (!reason.empty() && reason != certificate_trouble_) {
        log_.warn(
            "The local MQTT server's certificate could not be renewed. The stored one is used.",
            {{"reason", reason}});
    }
    certificate_trouble_ = std::move(reason);
}

// Each state of the link is said once, and again only when its reason changes.
void deployment_agent::note_link(const result<void>& outcome) {
    if (outcome) {
        if (!was_linked_ || !link_trouble_.empty()) {
            log_.info("Connected to the service for deployments.");
        }
        was_linked_ = true;
        link_trouble_.clear();
        return;
    }
    auto reason = outcome.error().message();
    if (reason != link_trouble_) {
        log_.warn("The service cannot be asked for deployments. What is deployed goes on.",
                  {{"reason", reason}, {"caFile", settings_.ca_file}});
        link_trouble_ = std::move(reason);
    }
}

asio::awaitable<result<void>> deployment_agent::round() {
    renew_certificate_alone();  // also while the service is away
    if (!key_.known()) {
        auto taken = co_await take_signing_key();
        if (!taken) {
            co_return taken;
        }
    }
    if (progress_.report) {
        auto delivered = co_await deliver_report();
        if (!delivered) {
            co_return delivered;
        }
    }
    if (is_of_service()) {
        if (auto told = co_await tell_addresses(); !told && is_of_the_link(told.error())) {
            co_return told;
        }
        auto renewed = co_await renew_certificate();
        if (!renewed && is_of_the_link(renewed.error())) {
            co_return renewed;
        }
        note_certificate(renewed);  // a refusal must not keep deployments away
    }
    if (const auto state = co_await asio::this_coro::cancellation_state;
        state.cancelled() != asio::cancellation_type::none) {
        co_return error{errc::closed, "the core is stopping"};
    }
    // The first poll of a link does not wait: its answer says that the link is up.
    const int wait = was_linked_ && link_trouble_.empty() ? settings_.poll_seconds : 0;
    auto denied = running_ ? std::optional(denied_.version(running_->deployment_id)) : std::nullopt;
    auto answer = co_await service_.poll_deployment(progress_.last_deployment_id, wait,
                                                    std::move(denied), connectivity_version_);
    if (!answer && answer.error().code == errc::not_found) {
        // A core that is set up before its group: the poll was held, nothing is wrong.
        if (!told_to_wait_) {
            log_.info("Waiting for the first deployment.", {{"reason", answer.error()}});
            told_to_wait_ = true;
        }
        co_return result<void>();
    }
    if (!answer) {
        co_return answer.error();
    }
    connectivity_version_ = answer->connectivity_version;
    if (answer->invocations_wait) {
        on_invocations();
    }
    if (answer->deployment) {
        if (deploying_) {  // one from this machine: the service is asked again after it
            co_return error{errc::unavailable, "a deployment from this machine is under way"};
        }
        deploying_ = true;
        auto deployed = co_await deploy(std::move(*answer->deployment));
        deploying_ = false;
        co_return deployed;
    }
    if (answer->denied_changed) {
        auto taken = co_await take_denied();
        co_return taken;
    }
    co_return result<void>();
}

// The nonce makes the answer one of now: an earlier one could admit who was revoked since.
asio::awaitable<result<void>> deployment_agent::take_denied() {
    const auto nonce = hex_encode(random_bytes(16));
    auto sealed = co_await service_.fetch_denied(nonce);
    auto verified = sealed ? key_.verify(*sealed) : result<void>(sealed.error());
    if (!verified) {
        co_return with_context(verified.error(), "whose certificates were revoked");
    }
    auto told = parse_denied_certificates(sealed->manifest_text);
    if (!told) {
        co_return with_context(told.error(), "whose certificates were revoked");
    }
    if (told->nonce != nonce) {
        co_return error{errc::denied,
                        "whose certificates were revoked: the service answered another question"};
    }
    if (!running_) {  // reset from this machine meanwhile
        co_return result<void>();
    }
    const auto count = told->certificates.size();
    const auto kept = denied_.take(std::move(*told), running_->deployment_id);
    on_denied(*running_);
    log_.info(
        "The service has said whose certificates are no longer ACTIVE: these devices are "
        "cut off.",
        {{"deploymentId", running_->deployment_id}, {"devices", count}});
    if (!kept) {
        log_.error("It holds until the core is started again only: it cannot be saved.",
                   {{"reason", kept.error()}});
    }
    co_return result<void>();
}

// No service knows the group that runs, or there is none.
bool deployment_agent::is_of_service() const {
    return running_ && running_->group_id != contract::owner_group_id;
}

asio::awaitable<result<void>> deployment_agent::take_signing_key() {
    auto pem = co_await service_.fetch_signing_key();
    if (!pem) {
        co_return pem.error();
    }
    auto kept = key_.keep(*pem);
    if (kept) {
        log_.info("The service's deployment-signing key was taken and is trusted from now on.",
                  {{"keyId", sha256_hex(*pem)}});
    }
    co_return kept;
}

asio::awaitable<result<void>> deployment_agent::deliver_report() {
    auto told = co_await service_.report(*progress_.report);
    if (!told && told.error().code != errc::not_found && told.error().code != errc::invalid_input) {
        co_return with_context(told.error(), "failed to report deployment status back to cloud");
    }
    progress_.report.reset();
    co_return store_.save_progress(progress_);
}

certificate_wish deployment_agent::wanted_certificate() const {
    certificate_wish wanted;
    wanted.thing = settings_.thing;
    wanted.group_id = running_->group_id;
    wanted.group_ca_pem = running_->group_cas.front();
    wanted.connectivity_version = connectivity_version_;
    wanted.local_names = local_names(settings_.listen_address);
    wanted.life = std::chrono::milliseconds(running_->certificate_expiry_ms);
    return wanted;
}

asio::awaitable<result<void>> deployment_agent::renew_certificate() {
    if (running_->group_cas.empty()) {
        co_return result<void>();
    }
    disk_work make_keys = [this] { return certificate_.make_keys(); };
    const auto keys = co_await rt::run_on(disk_, std::move(make_keys));
    if (!keys) {
        co_return keys;
    }
    if (!is_of_service()) {  // one from this machine came meanwhile
        co_return result<void>();
    }
    auto connection = service_.connection();
    if (!connection) {
        co_return connection.error();
    }
    auto renewed = co_await certificate_.renew(**connection, wanted_certificate(), time_.now());
    if (!renewed) {
        co_return renewed.error();
    }
    if (*renewed && on_server_certificate) {
        on_server_certificate();
    }
    co_return result<void>();
}

// Before the certificate, which is to have these addresses too.
asio::awaitable<result<void>> deployment_agent::tell_addresses() {
    const auto port = mqtt_port();
    if (port == 0 || !detects_addresses(*running_)) {
        co_return result<void>();
    }
    auto entries = detected_entries(device_addresses(settings_.listen_address), port);
    auto text = json::serialize(entries);
    if (entries.empty() || text == told_addresses_) {
        co_return result<void>();
    }
    auto version = co_await service_.put_connectivity(std::move(entries));
    if (version) {
        log_.info("Told the service where devices reach this core.", {{"entries", text}});
        connectivity_version_ = std::move(*version);
    } else if (is_of_the_link(version.error())) {
        co_return version.error();
    } else {
        log_.warn(
            "The service does not take the addresses of this core. They are told again when "
            "they change.",
            {{"reason", version.error()}});
    }
    told_addresses_ = std::move(text);
    co_return result<void>();
}

void deployment_agent::renew_certificate_alone() {
    if (!running_ || running_->group_cas.empty()) {
        return;
    }
    const auto renewed = certificate_.renew_alone(wanted_certificate(), time_.now());
    if (!renewed) {
        note_certificate(renewed.error());
    } else if (*renewed && on_server_certificate) {
        on_server_certificate();
    }
}

asio::awaitable<result<void>> deployment_agent::deploy(contract::signed_manifest sealed) {
    auto manifest = key_.open(sealed);
    if (!manifest) {
        // Not ours to report on: the document may be anybody's. It is asked for again, later.
        if (manifest.error().message() != link_trouble_) {
            log_.error("A deployment was refused.", {{"reason", manifest.error()}});
        }
        co_return manifest.error();
    }
    const auto id = manifest->deployment_id;
    log_.info("Deployment received.", {{"deploymentId", id},
                                       {"type", contract::to_string(manifest->type)},
                                       {"functions", manifest->functions.size()},
                                       {"devices", manifest->devices.size()},
                                       {"subscriptions", manifest->subscriptions.size()}});
    if (manifest->core.thing_name() != settings_.thing) {
        std::vector<part_failure> wrong_core;
        wrong_core.push_back({"core", "the deployment is for the core '" +
                                          manifest->core.thing_name() + "', this is '" +
                                          settings_.thing + "'"});
        auto told = co_await finish(id, "Failure", wrong_core.front().reason, wrong_core);
        co_return told;
    }
    if (manifest->is_reset()) {
        auto done = co_await reset(*manifest);
        co_return done;
    }
    status_report begun;
    begun.deployment_id = id;
    begun.status = "InProgress";
    auto announced = co_await service_.report(std::move(begun));
    if (!announced && is_of_the_link(announced.error())) {
        co_return announced;
    }
    auto staged = co_await stage(*manifest);
    if (!staged) {
        if (is_of_the_link(staged.error())) {
            co_return staged;  // the link: nothing is decided, the same deployment comes again
        }
        co_await remove_staged(*manifest);
        const auto why =
            "unable to execute download step in deployment. " + staged.error().message();
        auto told = co_await finish(id, "Failure", why, {});
        co_return told;
    }
    auto applied = co_await apply(sealed, *manifest);
    co_return applied;
}

asio::awaitable<result<void>> deployment_agent::stage(const contract::manifest& m) {
    struct package {
        std::string sha256;
        std::string of;
    };
    std::vector<package> missing;
    disk_work look = [&]() -> result<void> {
        for (const auto& f : m.functions) {
            if (!f.artifact.empty() && !store_.has_artifact(f.artifact)) {
                missing.push_back({f.artifact, f.arn});
            }
        }
        for (const auto& f : m.files) {
            if (!store_.has_artifact(f.artifact)) {
                missing.push_back({f.artifact, f.what == contract::delivery::secrets
                                                   ? "the group's secrets"
                                                   : "resource " + f.resource_id});
            }
        }
        return {};
    };
    co_await rt::run_on(disk_, std::move(look));
    for (const auto& each : missing) {
        auto fetched = co_await fetch(each.sha256);
        if (!fetched && fetched.error().code == errc::corrupt) {
            fetched = co_await fetch(each.sha256);  // what it was resumed from may be damaged
        }
        if (!fetched) {
            co_return with_context(fetched.error(), "error while downloading: " + each.of);
        }
    }
    disk_work place = [&] { return store_.place_code(m); };
    auto placed = co_await rt::run_on(disk_, std::move(place));
    co_return placed;
}

// After a deployment that could not be staged: what it brought goes, and where its code had taken
// the place of what runs (a version's package may be another after a reset of the service), that
// comes back.
asio::awaitable<void> deployment_agent::remove_staged(const contract::manifest& failed) {
    // Nothing was switched: what may be gone back to is still the one before what runs.
    const auto former = running_ ? previous_deployment() : former_deployment(failed);
    disk_work clean = [this, former]() -> result<void> {
        store_.remove_unused(running_ ? &*running_ : nullptr, former ? &*former : nullptr);
        return running_ ? store_.place_code(*running_) : result<void>();
    };
    const auto cleaned = co_await rt::run_on(disk_, std::move(clean));
    if (!cleaned) {
        log_.error("The code of the deployment that runs is not complete.",
                   {{"reason", cleaned.error()}});
    }
}

asio::awaitable<result<void>> deployment_agent::fetch(std::string sha256) {
    const auto destination = store_.artifact_path(sha256);
    if (auto made = make_directories(destination.parent_path(), 0700); !made) {
        co_return made;
    }
    auto partial = destination;
    partial += ".part";
    auto fetched = co_await service_.fetch_artifact(sha256, partial, max_artifact_bytes);
    if (!fetched) {
        co_return fetched;
    }
    std::error_code code;
    std::filesystem::rename(partial, destination, code);
    if (code) {
        co_return error{code, "cannot save " + destination.string()};
    }
    disk_work check = [&]() -> result<void> {
        if (store_.has_artifact(sha256)) {
            return {};
        }
        return error{errc::corrupt,
                     "the package does not have the SHA-256 that the deployment names. Deploy "
                     "again; if it stays, publish the function anew"};
    };
    auto checked = co_await rt::run_on(disk_, std::move(check));
    co_return checked;
}

asio::awaitable<std::vector<part_failure>> deployment_agent::change_over(
    const contract::signed_manifest& sealed, const contract::manifest& m) {
    if (auto switched = store_.switch_to(sealed); !switched) {
        std::vector<part_failure> of_the_disk;
        of_the_disk.push_back({"deployment", switched.error().message()});
        co_return of_the_disk;
    }
    const auto former = former_deployment(m);
    running_ = m;
    auto failures = co_await target_.apply(m);
    if (!failures.empty()) {
        running_ = former;
        co_await roll_back();
        co_return failures;
    }
    write_group_file();
    store_.remove_unused(&m, former ? &*former : nullptr);
    co_return failures;
}

asio::awaitable<result<void>> deployment_agent::apply(const contract::signed_manifest& sealed,
                                                      const contract::manifest& m) {
    auto failures = co_await change_over(sealed, m);
    if (!failures.empty()) {
        auto told = co_await finish(m.deployment_id, "Failure", summary(failures), failures);
        co_return told;
    }
    // The local MQTT server needs its certificate before devices are told that they may come.
    co_await tell_addresses();  // a refusal is logged, a lost link comes to light at the report
    const auto renewed = co_await renew_certificate();
    note_certificate(renewed);
    log_.info("Deployment applied.", {{"deploymentId", m.deployment_id}});
    auto told = co_await finish(m.deployment_id, "Success", "", {});
    co_return told;
}

// What to go back to when `m` fails. After a power cut between the switch and the report it is `m`
// itself that runs already: then the one before.
std::optional<contract::manifest> deployment_agent::former_deployment(
    const contract::manifest& m) const {
    if (running_ && running_->deployment_id != m.deployment_id) {
        return running_;
    }
    return previous_deployment();
}

asio::awaitable<void> deployment_agent::roll_back() {
    say(running_ ? "going back to deployment " + running_->deployment_id
                 : std::string("going back: nothing ran before"));
    if (auto back = store_.switch_back(); !back) {
        log_.error("The previous deployment cannot be restored.", {{"reason", back.error()}});
    }
    if (!running_) {
        co_await target_.clear();
        co_return;
    }
    disk_work place = [this] { return store_.place_code(*running_); };
    const auto placed = co_await rt::run_on(disk_, std::move(place));
    if (!placed) {
        log_.error("The code of the previous deployment is not complete.",
                   {{"reason", placed.error()}});
    }
    auto failures = co_await target_.apply(*running_);
    log_.warn("Rolled back to the previous deployment.",
              {{"deploymentId", running_->deployment_id}, {"failedParts", failures.size()}});
}

asio::awaitable<result<void>> deployment_agent::reset(const contract::manifest& m) {
    co_await target_.clear();
    running_.reset();
    auto forgotten = store_.forget();
    write_group_file();
    if (on_server_certificate) {
        on_server_certificate();
    }
    // Named, because g++ 12 destroys temporaries of a conditional inside co_await twice.
    const std::string status = forgotten ? "Success" : "Failure";
    const std::string why = forgotten ? "" : forgotten.error().message();
    auto told = co_await finish(m.deployment_id, status, why, {});
    co_return told;
}

// The outcome is on disk before it is told: a report that was not delivered is sent again.
asio::awaitable<result<void>> deployment_agent::finish(std::string deployment_id,
                                                       std::string status, std::string message,
                                                       std::vector<part_failure> details) {
    if (status == "Failure") {
        log_.error("Deployment failed.", {{"deploymentId", deployment_id}, {"reason", message}});
    }
    progress_.last_deployment_id = deployment_id;
    status_report report;
    report.deployment_id = std::move(deployment_id);
    report.status = std::move(status);
    report.error_message = std::move(message);
    report.details = std::move(details);
    progress_.report = std::move(report);
    if (auto saved = store_.save_progress(progress_); !saved) {
        co_return saved;
    }
    auto delivered = co_await deliver_report();
    co_return delivered;
}

void deployment_agent::write_group_file() {
    const auto written = store_.write_group_file(running_ ? &*running_ : nullptr);
    if (!written) {
        log_.error("group.json cannot be written.", {{"reason", written.error()}});
    } else if (written->edited) {
        log_.warn(
            "group.json was changed by hand. The change is ignored and replaced: the core runs "
            "the signed deployment only. Change the group at the service and deploy it.");
    }
}

}  // namespace evergrass::edge
