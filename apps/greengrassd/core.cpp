#include "apps/greengrassd/core.hpp"

#include "apps/greengrassd/credential_sources.hpp"
#include "apps/greengrassd/develop.hpp"
#include "apps/greengrassd/identity.hpp"
#include "edge/admin/socket_path.hpp"
#include "edge/cloud_link/subscription_quality.hpp"
#include "edge/shadows/admin_request.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <unistd.h>
#include <utility>

namespace evergrass::greengrassd {
namespace {

namespace asio = boost::asio;

edge::sync_direction direction_of(edge::shadow_direction wanted) {
    switch (wanted) {
        case edge::shadow_direction::to_cloud:
            return edge::sync_direction::to_cloud;
        case edge::shadow_direction::to_device:
            return edge::sync_direction::to_device;
        case edge::shadow_direction::both:
            break;
    }
    return edge::sync_direction::both;
}

// Null when the core makes the local MQTT server's key itself.
edge::server_certificate::key_source owners_key(std::shared_ptr<const edge::core_keys> keys) {
    if (!keys->has_servers()) {
        return nullptr;
    }
    return [keys = std::move(keys)] { return keys->servers(); };
}

// Empty when it cannot be read.
std::string text_of(const std::filesystem::path& file) {
    auto text = read_file(file);
    return text ? std::move(*text) : std::string();
}

// An address that a client on this host can use.
std::string reachable(const std::string& listen_address) {
    if (listen_address == "0.0.0.0") {
        return "127.0.0.1";
    }
    if (listen_address.find(':') != std::string::npos) {
        return "[" + (listen_address == "::" ? "::1" : listen_address) + "]";
    }
    return listen_address;
}

}  // namespace

core::core(asio::io_context& io, edge::core_config config, program_places programs, logger log)
    : config_(std::move(config)),
      log_(std::move(log)),
      keys_(std::make_shared<edge::core_keys>(config_, log_)),
      identity_files_(identity_files_of(config_)),
      certificate_text_(text_of(config_.certificate_path)),
      router_(log_),
      devices_(io.get_executor(), device_settings_of(config_), router_, log_),
      shadows_(io.get_executor(), shadow_settings_of(config_), router_, time_, log_),
      credentials_(std::make_shared<edge::credential_provider>(io.get_executor(), time_, log_)),
      own_store_key_([keys = keys_] { return keys->receiving(); },
                     config_.secrets_by_oaep ? pki::key_wrapping::oaep : pki::key_wrapping::pkcs1),
      secret_store_(config_.write_directory / "var/state/secrets", &own_store_key_),
      known_secrets_(secret_store_),
      secrets_key_([keys = keys_] { return keys->secrets(); },
                   config_.secrets_by_oaep ? pki::key_wrapping::oaep : pki::key_wrapping::pkcs1),
      sealed_secrets_(config_.write_directory / "var/state/deployed-secrets"),
      secrets_(std::make_shared<edge::secret_service>(known_secrets_)),
      functions_(io.get_executor(),
                 function_settings_of(
                     config_, std::move(programs), disk_.get_executor(), credentials_, secrets_,
                     [this](std::string_view topic, std::string payload,
                            std::function<void(std::string)> answered) {
                         shadows_.ask_as_function(topic, std::move(payload), std::move(answered));
                     }),
                 router_, log_),
      spooler_(io.get_executor(), files_, (config_.write_directory / "var/state/spool").string(),
               time_, log_),
      cloud_(io.get_executor(), link_settings_of(config_, keys_), router_, spooler_, log_),
      store_(config_.write_directory),
      signing_key_(config_.signing_key_path,
                   config_.write_directory / "var/state/deployment-signing.pub.pem",
                   config_.write_directory / "var/state/owner-signing.key"),
      service_(io.get_executor(), service_settings_of(config_, keys_, identity_changes_)),
      certificate_(config_.write_directory / "var/state/server", owners_key(keys_), log_),
      denied_(config_.write_directory / "var/state/deployment/denied.json", log_),
      agent_(agent_settings_of(config_), store_, signing_key_, service_, certificate_, *this,
             denied_, disk_.get_executor(), time_, log_),
      invocations_(
          io.get_executor(),
          edge::service_client(io.get_executor(),
                               service_settings_of(config_, keys_, identity_changes_)),
          edge::service_client(io.get_executor(),
                               service_settings_of(config_, keys_, identity_changes_)),
          [this](edge::invocation_order order) {
              return edge::run_order(&functions_, invocable_, std::move(order));
          },
          log_),
      log_shipper_(config_.write_directory,
                   edge::service_client(io.get_executor(),
                                        service_settings_of(config_, keys_, identity_changes_)),
                   disk_.get_executor(), time_, log_),
      asks_for_secrets_(io.get_executor(), service_settings_of(config_, keys_, identity_changes_)),
      admin_(
          io.get_executor(), edge::admin_socket_path(config_.write_directory), router_,
          [this] { return snapshot(); },
          [this](edge::invocation_request asked) { return invoke(std::move(asked)); }, log_,
          developer_of(functions_),
          [this](std::string body) {
              return edge::answer_shadow_request(shadows_, std::move(body));
          },
          [this](edge::deploy_order order) { return deploy(std::move(order)); }),
      started_(time_.now()) {
    make_lan_discovery(io.get_executor());
    agent_.on_server_certificate = [this] { take_server_certificate(); };
    agent_.on_denied = [this](const contract::manifest& running) {
        devices_.admit(denied_.admitted(running));
    };
    agent_.on_invocations = [this] { invocations_.wake(); };
    agent_.mqtt_port = [this] { return devices_.port(); };
    router_.set_sink(edge::endpoint_kind::function, &functions_);
    router_.set_max_message_bytes(config_.mqtt.message_bytes);
}

core::~core() {
    router_.set_sink(edge::endpoint_kind::function, nullptr);
}

result<void> core::open() {
    if (config_.proxy) {
        log_.info("The cloud and the service are reached through a proxy.",
                  {{"proxy", config_.proxy->name()}});
    }
    if (auto opened = keys_->open(); !opened) {
        return opened;
    }
    if (const auto usable = client_context(config_, *keys_, {}); !usable) {
        return usable.error();
    }
    if (const auto loaded = signing_key_.load(); !loaded) {
        return loaded.error();
    }
    if (auto opened = functions_.open(); !opened) {
        return opened;
    }
    serve_shadows();
    restore_rules();
    open_spooler();
    if (auto opened = devices_.open(); !opened) {
        return opened;
    }
    open_lan_discovery();
    take_server_certificate();
    if (const auto opened = admin_.open(); !opened) {
        // The core's work doesn't need it.
        log_.error("`evergrass why`, `evergrass status` and metrics are not available.",
                   {{"reason", opened.error()}});
    }
    return {};
}

// Without their file there are no shadows; all else goes on.
void core::serve_shadows() {
    shadows_.to_cloud = [this](std::string topic, std::string payload) {
        cloud_.send(std::move(topic), std::move(payload));
    };
    cloud_.on_link = [this](bool connected) { shadows_.link(connected); };
    cloud_.on_other = [this](std::string_view topic, std::string_view payload) {
        return shadows_.hear(topic, payload);
    };
    if (const auto opened = shadows_.open(); !opened) {
        log_.error("Shadows are not available.", {{"reason", opened.error()}});
    }
}

// The classic shadows of the group's things that say so, as V1 had it.
void core::follow_shadows(const contract::manifest& wanted) {
    std::map<shadow::shadow_id, edge::sync_direction> followed;
    const auto add = [&](const contract::group_member& member) {
        if (member.sync_shadow) {
            const auto thing = member.thing_name();
            followed[{thing, ""}] = direction_of(config_.shadows.of(thing));
        }
    };
    add(wanted.core);
    for (const auto& device : wanted.devices) {
        add(device);
    }
    cloud_.also_follow(edge::sync_filters(followed));
    shadows_.follow(std::move(followed));
}

// MQTT sessions that outlived the last run go by its table from the first moment on. What is wrong
// with the deployment is for boot() to say.
void core::restore_rules() {
    denied_.load();
    const auto sealed = store_.current();
    if (!sealed || !*sealed) {
        return;
    }
    const auto last = signing_key_.open(**sealed);
    const auto table = last ? edge::routing_table::build(last->subscriptions) : last.error();
    if (table) {
        router_.set_table(*table);
        devices_.admit(denied_.admitted(*last));
    }
}

void core::take_server_certificate() {
    const auto stored = certificate_.load();
    if (!stored) {
        log_.error("The local MQTT server's certificate cannot be read.",
                   {{"reason", stored.error()}});
        return;
    }
    local_tls_.reset();
    if (!*stored) {
        devices_.drop_certificate();
        return;
    }
    const auto used = devices_.use_certificate(
        {(*stored)->chain_pem, (*stored)->key.shared(), keys_->servers_sign_pss()});
    if (!used) {
        log_.error("The local MQTT server's certificate cannot be used.",
                   {{"reason", used.error()}});
        return;
    }
    local_tls_ = {(*stored)->ends, (*stored)->core_signs_until};
    announce();
}

asio::awaitable<std::vector<edge::part_failure>> core::boot() {
    auto failures = co_await agent_.boot();
    is_up_ = true;
    cloud_.start();
    co_return failures;
}

asio::awaitable<void> core::run() {
    // Not in a parallel group with the agent: that passes on the first cancellation only, and
    // daemon repeats them.
    ships_ = true;
    asio::co_spawn(co_await asio::this_coro::executor, log_shipper_.run(),
                   asio::bind_cancellation_slot(
                       end_shipping_.slot(), [this](const std::exception_ptr& failed) {
                           ships_ = false;
                           if (failed) {
                               log_.error("Logs are no longer sent: an unexpected error.");
                           }
                       }));
    watches_ = true;
    asio::co_spawn(
        co_await asio::this_coro::executor, watch_identity(),
        asio::bind_cancellation_slot(end_watching_.slot(),
                                     [this](const std::exception_ptr&) { watches_ = false; }));
    if (config_.secrets.refresh.count() != 0) {
        refreshes_ = true;
        asio::co_spawn(
            co_await asio::this_coro::executor, refresh_secrets(),
            asio::bind_cancellation_slot(
                end_refreshing_.slot(), [this](const std::exception_ptr&) { refreshes_ = false; }));
    }
    co_await agent_.run();
}

// New connections take what is on disk by themselves; those that are there go on with what they
// have, but for those to which a certificate is shown that is no longer ours.
asio::awaitable<void> core::watch_identity() {
    while (co_await rt::sleep_for(config_.link.identity_check)) {
        if (!identity_files_.changed()) {
            continue;
        }
        if (const auto usable = client_context(config_, *keys_, {}); !usable) {
            log_.error(
                "Certificate, key or CA changed on disk and cannot be used: connections "
                "stay as they are.",
                {{"reason", usable.error()}});
            continue;
        }
        ++*identity_changes_;
        keep_secrets_under_new_key();
        auto certificate = text_of(config_.certificate_path);
        const bool another = certificate != certificate_text_;
        log_.info("Certificate, key or CA changed on disk: new connections use them.",
                  {{"connectsAnew", another}});
        if (another) {
            certificate_text_ = std::move(certificate);
            cloud_.renew_connections("the core's certificate changed on disk");
        }
    }
}

asio::awaitable<void> core::stop() {
    co_await admin_.stop();
    invocations_.stop();
    if (lan_) {
        co_await lan_->stop();
    }
    devices_.stop();  // before the cloud's link, which counts what is left for it
    cloud_.stop();
    credentials_->stop();
    co_await functions_.stop();
    spooler_.stop();  // after all who send: what functions say at their end is saved or counted
    shadows_.stop();
    // A cancellation counts for what waits at that moment.
    while (ships_ || watches_ || refreshes_ || regains_) {
        end_regaining_.emit(asio::cancellation_type::terminal);
        end_refreshing_.emit(asio::cancellation_type::terminal);
        end_shipping_.emit(asio::cancellation_type::terminal);
        end_watching_.emit(asio::cancellation_type::terminal);
        co_await rt::sleep_for(std::chrono::milliseconds(5));
    }
}

// Models become volumes of the functions: their directories lie among the core's files. Nobody else
// can say that of a volume.
json::array core::resources_of(const contract::manifest& wanted) const {
    auto resources = wanted.resources;
    for (auto& resource : resources) {
        auto* object = resource.if_object();
        auto* container =
            object != nullptr ? object->if_contains("ResourceDataContainer") : nullptr;
        if (container == nullptr || !container->is_object()) {
            continue;
        }
        auto& data = container->get_object();
        if (auto* volume = data.if_contains("LocalVolumeResourceData");
            volume && volume->is_object()) {
            volume->get_object().erase("Delivered");
        }
        const auto* model = object_member(data, "S3MachineLearningModelResourceData");
        for (const auto& file : wanted.files) {
            if (model != nullptr && file.what == contract::delivery::model &&
                string_member(*object, "Id") == file.resource_id) {
                const auto destination = string_member(*model, "DestinationPath").value_or("");
                data = json::object{{"LocalVolumeResourceData",
                                     {{"SourcePath", store_.model_directory(file).string()},
                                      {"DestinationPath", destination},
                                      {"Delivered", true}}}};
                break;
            }
        }
    }
    return resources;
}

// Subscriptions first: a function that publishes while it starts must find its route.
asio::awaitable<std::vector<edge::part_failure>> core::apply(const contract::manifest& wanted) {
    std::vector<edge::part_failure> failures;
    auto table = edge::routing_table::build(wanted.subscriptions);
    if (!table) {
        failures.push_back({"subscriptions",
                            "We cannot deploy because the group definition is "
                            "invalid or corrupted: " +
                                table.error().message()});
        ++deployments_failed_;
        co_return failures;
    }
    const auto spooling = edge::spool_settings_of(wanted.functions);
    if (!spooling) {
        failures.push_back({"GGCloudSpooler", spooling.error().message()});
        ++deployments_failed_;
        co_return failures;
    }
    if (const auto used = spooler_.use(*spooling); !used) {
        failures.push_back({"GGCloudSpooler", used.error().message()});
    }
    router_.set_table(*table);
    devices_.admit(denied_.admitted(wanted));
    note_group(wanted);
    if (const auto keep = edge::wants_kept_sessions(wanted.functions)) {
        cloud_.keep_sessions(*keep);
    } else {
        failures.push_back({"GGCloudSpooler", keep.error().message()});
    }
    cloud_.follow_table();
    follow_shadows(wanted);
    log_shipper_.configure(edge::shipping_of(wanted));
    // Functions may ask for both while they are loaded.
    serve_credentials(wanted);
    auto served = serve_secrets(wanted);
    if (lacks_secrets_ && is_up_) {
        const auto asked = co_await ask_for_secrets();
        if (!lacks_secrets_) {
            served = look_for_missing_secrets();
        } else if (!asked) {
            served = with_context(asked.error(), served.error().context);
        }
    }
    if (lacks_secrets_ && !regains_) {
        regains_ = true;
        asio::co_spawn(
            co_await asio::this_coro::executor, regain_secrets(),
            asio::bind_cancellation_slot(end_regaining_.slot(),
                                         [this](const std::exception_ptr&) { regains_ = false; }));
    }
    if (!served) {
        failures.push_back({"secrets", served.error().message()});
    }
    auto failed = co_await functions_.apply(wanted.functions, wanted.loggers, resources_of(wanted));
    for (auto& failure : failed) {
        failures.push_back({std::move(failure.arn), std::move(failure.reason)});
    }
    ++(failures.empty() ? deployments_applied_ : deployments_failed_);
    co_return failures;
}

void core::serve_credentials(const contract::manifest& wanted) {
    credentials_->use(credential_source_of(config_, keys_, wanted.credentials),
                      wanted.group_id + " " + contract::to_string(wanted.credentials));
}

void core::note_group(const contract::manifest& running) {
    deployment_id_ = running.deployment_id;
    group_name_ = running.group_name;
    invocable_ = edge::invocable(running.functions);
    things_.clear();
    for (const auto& device : running.devices) {
        things_.push_back(device.thing_name());
    }
    announced_ = running;
    announce();
}

asio::awaitable<void> core::clear() {
    router_.set_table(std::make_shared<edge::routing_table>());
    devices_.admit({});
    note_group({});
    cloud_.keep_sessions(false);
    (void)spooler_.use({});
    cloud_.follow_table();
    cloud_.also_follow({});
    shadows_.clear();
    credentials_->use(nullptr, "");
    secrets_->grant({}, {});
    known_secrets_.use({});
    lacks_secrets_ = false;
    secrets_deployment_.clear();
    sealed_secrets_.keep_only({});
    log_shipper_.configure({});
    auto failed = co_await functions_.apply({}, {});
    for (const auto& failure : failed) {
        log_.error("A function could not be stopped.",
                   {{"function", failure.arn}, {"reason", failure.reason}});
    }
}

edge::core_snapshot core::snapshot() const {
    edge::core_snapshot now;
    now.thing = config_.thing_name;
    now.pid = ::getpid();
    now.started_at = to_epoch_seconds(started_);
    now.deployment_id = deployment_id_;
    now.group_name = group_name_;
    now.deployments_applied = deployments_applied_;
    now.deployments_failed = deployments_failed_;
    now.deploying = deploying_;
    for (const auto& thing : things_) {
        now.devices.push_back({thing, devices_.is_connected(thing)});
    }
    now.tls = local_tls_;
    now.mqtt = devices_.numbers();
    for (const auto& f : functions_.status()) {
        const auto micros = [](const auto& took) {
            return took ? std::optional<std::int64_t>(took->count()) : std::nullopt;
        };
        now.functions.push_back({f.arn, std::string(edge::to_string(f.state)), f.workers,
                                 f.invocations, f.errors, f.restarts, f.queued, micros(f.p50),
                                 micros(f.p99), f.memory_kb});
    }
    const auto synced = shadows_.synced();
    now.shadows_synced = synced.followed;
    now.shadows_settled = synced.settled;
    now.shadows_stuck = synced.stuck;
    add_link(now);
    return now;
}

asio::awaitable<result<edge::invocation_reply>> core::invoke(edge::invocation_request asked) {
    auto came = co_await functions_.invoke(std::move(asked.function), std::move(asked.payload),
                                           std::move(asked.client_context), asked.event);
    if (!came) {
        co_return came.error();
    }
    co_return edge::invocation_reply{std::move(came->arn),     std::move(came->id),
                                     std::move(came->outcome), std::move(came->body),
                                     std::move(came->log),     came->took.count()};
}

std::string core::mqtt_endpoint() const {
    return reachable(config_.gg_mqtt_address) + ":" + std::to_string(devices_.port());
}

std::string core::ipc_endpoint() const {
    return "127.0.0.1:" + std::to_string(functions_.ipc_port());
}

}  // namespace evergrass::greengrassd
