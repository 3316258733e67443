#include "apps/evergrass_cloud/parts.hpp"

#include "apps/evergrass_cloud/identity_check.hpp"
#include "apps/evergrass_cloud/shared_store.hpp"
#include "cloud/backup/backup.hpp"
#include "cloud/bus/nats_bus.hpp"
#include "cloud/greengrass/denied_certificates.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/post_core_logs.hpp"
#include "cloud/greengrass/software_updates.hpp"
#include "cloud/iam/operations.hpp"
#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/device_publish.hpp"
#include "cloud/iot/device_shadow.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/jobs/device_jobs.hpp"
#include "cloud/jobs/object_urls.hpp"
#include "cloud/lambda/code_location.hpp"
#include "cloud/lambda/invoke_answer.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/logs/operations.hpp"
#include "cloud/secrets/operations.hpp"
#include "cloud/store/partition.hpp"
#include "contract/manifest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/metrics_writer.hpp"
#include "libs/base/random.hpp"

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace evergrass::cloud {

namespace {

// They wait for PostgreSQL, or for APIs that are elsewhere, more than they work; each has a session
// there.
constexpr std::size_t threads_that_wait = 8;

result<std::optional<greengrass::upstream_sts>> make_sts(const service_options& options) {
    if (options.aws_credentials.empty()) {
        return std::optional<greengrass::upstream_sts>();
    }
    auto made = greengrass::upstream_sts::make(
        {{options.aws_credentials, "--aws-credentials", {}},
         options.sts_region.empty() ? options.region : options.sts_region,
         options.sts_endpoint,
         options.sts_ca_file});
    if (!made) {
        return made.error();
    }
    return std::optional(std::move(*made));
}

// The stream keeps what waits for clients that are away as long as their sessions, a week at most.
result<std::unique_ptr<bus>> make_bus(const service_options& options, store& state,
                                      const logger& log) {
    using namespace std::chrono_literals;
    if (options.bus.empty()) {
        return std::unique_ptr<bus>();
    }
    const auto fleet = fleet_id(state);
    if (!fleet) {
        return fleet.error();
    }
    constexpr std::size_t name_bytes = 8;
    nats_settings settings;
    settings.url = options.bus;
    settings.ca_file = options.bus_ca;
    settings.fleet = *fleet;
    settings.node = hex_encode(random_bytes(name_bytes));
    settings.keep_for = std::clamp<std::chrono::seconds>(
                            std::chrono::seconds(options.mqtt_session_expiry), 1h, 168h) +
                        10min;
    auto made = nats_bus::connect(settings, log);
    if (!made) {
        return made.error();
    }
    return std::unique_ptr<bus>(std::move(*made));
}

}  // namespace

result<std::unique_ptr<service_parts>> service_parts::make(const service_options& options,
                                                           logger log) {
    if (auto prepared = prepare_data_directory(options.data); !prepared) {
        return prepared.error();
    }
    auto lock = data_lock::take(options.data);
    if (!lock) {
        return lock.error();
    }
    auto claim = claim_store(options, log);
    if (!claim) {
        return claim.error();
    }
    auto state = open_store(options.data, options.store, options.master_key);
    if (!state) {
        return state.error();
    }
    if (*claim) {
        if (auto shared = share_keys(**state, options.data, clock().now()); !shared) {
            return shared.error();
        }
    }
    auto keys = load_or_make_keys(options.data, clock().now());
    if (!keys) {
        return keys.error();
    }
    auto signer = deployment_signer::make(keys->signing_key_pem);
    if (!signer) {
        return signer.error();
    }
    auto sts = make_sts(options);
    if (!sts) {
        return sts.error();
    }
    auto bodies = open_bodies(options.data, options.store, **state, log);
    if (!bodies) {
        return bodies.error();
    }
    auto between = make_bus(options, **state, log);
    if (!between) {
        return between.error();
    }
    std::unique_ptr<service_parts> parts(
        new service_parts(options, std::move(*lock), std::move(*claim), std::move(*keys),
                          std::move(*signer), std::move(*sts), std::move(*state),
                          std::move(*bodies), std::move(*between), std::move(log)));
    if ((*parts).state_->sealed_at_open() != 0) {
        parts->log_.info(
            "Secrets that an earlier build kept readable are sealed now; copies and "
            "backups of the database from before still show them.",
            {{"count", parts->state_->sealed_at_open()}});
    }
    parts->state_->audit().set_limits(
        {std::chrono::hours(24) * options.audit_days, options.audit_entries});
    if (auto same = check_identity(*parts->state_, parts->identity_); !same) {
        return same.error();
    }
    if (auto ready = parts->start_upstream(options); !ready) {
        return ready.error();
    }
    if (auto started = parts->start_hub(options); !started) {
        return started.error();
    }
    parts->make_gateway(options);
    parts->objects_.look_after();
    parts->bulk_.start();
    parts->expired_keys_.look();
    return parts;
}

service_parts::service_parts(const service_options& options, data_lock lock,
                             std::unique_ptr<db::serving_claim> claim, service_keys keys,
                             deployment_signer signer, std::optional<greengrass::upstream_sts> sts,
                             std::unique_ptr<store> state,
                             std::unique_ptr<objects::body_store> bodies,
                             std::unique_ptr<bus> between, logger log)
    : log_(std::move(log)),
      lock_(std::move(lock)),
      claim_(std::move(claim)),
      keys_(std::move(keys)),
      identity_{options.account, options.region, partition_of(options.region)},
      state_(std::move(state)),
      limits_(options.key_rate, options.address_rate, counts_),
      registry_{*state_, identity_, clock_, changes_, keys_.devices, {}},
      authority_(*state_, identity_, changes_, log_),
      shadows_(std::make_shared<shadow_service>(*state_, clock_, log_)),
      bus_(std::move(between)),
      objects_(*state_, clock_, std::move(bodies), log_),
      jobs_(std::make_shared<job_service>(
          *state_, identity_, clock_,
          sign_object_urls(*state_, identity_, clock_, [this] { return api_endpoint_; }), log_)),
      job_parts_{registry_, *jobs_, objects_},
      functions_{*state_, identity_, clock_, &objects_},
      secrets_{*state_, identity_, clock_},
      logs_{*state_, identity_, clock_},
      iam_{*state_, identity_, clock_},
      signer_(std::move(signer)),
      invocations_([this](const std::string& thing) { return notifier_.notify(thing); }),
      sts_(std::move(sts)),
      greengrass_{*state_, identity_, clock_, signer_, notifier_, log_},
      newcomers_(
          registry_, blocking_.get_executor(),
          [this](std::string topic, std::string payload) {
              publish(std::move(topic), std::move(payload), {});
          },
          log_),
      provisioning_(std::make_shared<fleet_provisioning>(
          registry_,
          [this](std::string topic, std::string payload, const mqtt::receipt& pending,
                 std::string_view to) {
              publish(std::move(topic), std::move(payload), pending, to);
          },
          log_)),
      expired_keys_(
          *state_, clock_, admin_work_.get_executor(),
          [this](const std::string& key) { hub_->cut_off_key(key); }, log_),
      device_api_(greengrass_, authority_, blocking_.get_executor()),
      s3_(objects_, identity_.account, object_work_.get_executor(), log_, &counts_, &limits_),
      bulk_(greengrass_),
      software_updates_(options.software_updates),
      started_(clock_.now()),
      admin_{*state_,
             clock_,
             options.data,
             [this](const std::string& key) { lose_key(key); },
             [this] { return metrics(); },
             [this](const std::filesystem::path& file) { return back_up(file); },
             [this] {
                 expired_keys_.look();
                 if (node_) {
                     node_->tell(told::keys_changed, {});
                 }
             }} {
    admin_.sign = [this](const std::string& manifest) { return sign(manifest); };
    registry_.new_rsa_key = greengrass_.new_rsa_key = [this] { return rsa_keys_.take(); };
    greengrass_.sts = sts_ ? &*sts_ : nullptr;
    greengrass_.objects = &objects_;
    greengrass_.secrets = &secrets_;
    greengrass_.invocations = functions_.invocations = &invocations_;
    functions_.code_host = [this] { return api_endpoint_; };
    s3_.serve_also(std::string(lambda::code_path),
                   [this](std::string_view path) { return lambda::read_code(functions_, path); });
    functions_.is_core = [this](const std::string& thing) -> result<bool> {
        const auto hold = state_->db().lock();
        const auto last = greengrass::last_deployment_for_core(*state_, thing);
        return last ? result<bool>(last->has_value()) : last.error();
    };
    greengrass_.bulk_changed = [this] { bulk_.wake(); };
}

// At QoS 1; to one client, or to all who have subscribed.
void service_parts::publish(std::string topic, std::string payload, const mqtt::receipt& pending,
                            std::string_view only_to) {
    auto message = std::make_shared<mqtt::stored_message>();
    message->topic = std::move(topic);
    message->payload = std::make_shared<const std::string>(std::move(payload));
    message->level = mqtt::qos::at_least_once;
    if (only_to.empty()) {
        hub_->publish(std::move(message), [pending] {});
    } else {
        hub_->deliver_to(only_to, std::move(message), [pending] {});
    }
}

// Its own, and those of the cores whose devices have it (docs/core-service-protocol.md).
std::vector<std::string> service_parts::polls_of(const std::string& certificate_id) {
    const auto hold = state_->db().lock();
    auto things = greengrass::polls_of_certificate(*state_, certificate_id);
    if (!things) {
        log_.error("Cores hear later that a certificate has changed: at the end of their polls.",
                   {{"certificateId", certificate_id}, {"error", things.error()}});
        return {};
    }
    return std::move(*things);
}

result<void> service_parts::start_upstream(const service_options& options) {
    if (options.upstream.empty()) {
        return {};
    }
    auto settings = upstream::read_settings(options.upstream, identity_.region);
    if (!settings) {
        return settings.error();
    }
    auto made = upstream::client::make(std::move(*settings), clock_,
                                       [](const char* name) { return std::getenv(name); });
    if (!made) {
        return made.error();
    }
    upstream_ = std::move(*made);
    greengrass_.upstream = upstream_.get();
    if (upstream_->has("s3")) {
        upstream_objects_ = std::make_unique<objects::upstream_objects>(*upstream_, objects_);
        greengrass_.upstream_objects = upstream_objects_.get();
        objects_.set_elsewhere(upstream_->url_of("s3"));
        s3_.set_elsewhere(upstream_->url_of("s3"));
    }
    const auto* const sts = upstream_->known().find("sts");
    if (sts != nullptr && sts_) {
        return error{errc::invalid_input,
                     "--aws-credentials and 'services.sts' of --upstream both say where STS is; "
                     "leave one of them out"};
    }
    if (sts != nullptr) {
        auto asked = greengrass::upstream_sts::make(
            {upstream_->keys(), sts->region, sts->at.url(), sts->ca_file});
        if (!asked) {
            return asked.error();
        }
        sts_ = std::move(*asked);
        greengrass_.sts = &*sts_;
    }
    for (const auto& [name, service] : upstream_->known().services) {
        log_.info("An API is not served here but asked for elsewhere.",
                  {{"service", name}, {"endpoint", service.at.url()}});
    }
    return {};
}

void service_parts::lose_key(const std::string& access_key_id) {
    hub_->cut_off_key(access_key_id);
    if (node_) {
        node_->tell(told::key_lost, access_key_id);
    }
}

void service_parts::tell_others(registry_change what, const std::string& name) {
    switch (what) {
        case registry_change::rights:
            return node_->tell(told::registry_changed, {});
        case registry_change::certificate_lost:
            return node_->tell(told::certificate_lost, name);
        case registry_change::things:
            return node_->tell(told::things_changed, {});
        case registry_change::emptied:
            return node_->tell(told::emptied, {});
    }
}

// Before the hub, which asks it for its sessions.
result<void> service_parts::join_others(const service_options& options) {
    node_services services;
    services.cut_off_key = [this](const std::string& key) { hub_->cut_off_key(key); };
    services.look_at_keys = [this] { expired_keys_.look(); };
    services.wake_polls = [this](const std::string& core) { notifier_.notify(core); };
    using news = lambda::shared_invocations::news;
    shared_invocations_.emplace(
        *state_, clock_,
        [this](news what, const std::string& name) {
            node_->tell_soon(
                what == news::waits ? told::invocation_waits : told::invocation_changed, name);
        },
        log_);
    invocations_.share(*shared_invocations_, blocking_.get_executor());
    services.invocation_waits = [this](const std::string& core) {
        invocations_.heard_of_core(core);
    };
    services.invocation_changed = [this](const std::string& id) { invocations_.heard_of(id); };
    services.is_leading = [this] { return lease_->is_held(); };
    services.lead = [this] {
        jobs_->look_soon();
        bulk_.wake();
    };
    const auto fleet = fleet_id(*state_);
    if (!fleet) {
        return fleet.error();
    }
    constexpr std::size_t name_bytes = 8;
    auto joined = node::open(*state_, *bus_, *fleet, hex_encode(random_bytes(name_bytes)), changes_,
                             std::move(services), log_);
    if (!joined) {
        return joined.error();
    }
    node_ = std::move(*joined);
    admin_.hears_others = [this] { return bus_->is_connected(); };
    lease_ = std::make_unique<lease>(options.store, log_);
    jobs_->look_only_if([this] { return lease_->is_held(); });
    bulk_.work_only_if([this] { return lease_->is_held(); });
    changes_.tell_others = [this](registry_change what, const std::string& name) {
        tell_others(what, name);
    };
    notifier_.tell_others = [this](const std::string& core) {
        node_->tell_soon(told::deployment, core);
    };
    return {};
}

result<void> service_parts::start_hub(const service_options& options) {
    if (bus_) {
        if (auto joined = join_others(options); !joined) {
            return joined;
        }
    }
    hub_settings settings;
    settings.data_directory = (options.data / "mqtt").string();
    settings.session_expiry = options.mqtt_session_expiry;
    settings.max_queued_bytes = options.mqtt_queue_bytes;
    settings.max_connections = options.device_connections;
    settings.shadows = shadows_;
    settings.jobs = jobs_;
    settings.provisioning = provisioning_;
    settings.peers = node_.get();
    auto started = hub::start(settings, identity_, authority_, changes_, log_);
    if (!started) {
        return started.error();
    }
    hub_ = std::move(*started);
    changes_.on_certificate_lost = [this](const std::string& id) {
        hub_->cut_off(id);
        for (const auto& thing : polls_of(id)) {
            notifier_.notify(thing);
        }
    };
    changes_.on_certificate_changed = [this](const std::string& id) {
        for (const auto& thing : polls_of(id)) {
            notifier_.announce(thing);
        }
    };
    changes_.on_emptied = [this] { hub_->forget_all(); };
    changes_.on_things_changed = [this] { jobs_->things_changed(); };
    shadows_->begin([this](std::string topic, std::string payload, const mqtt::receipt& pending) {
        publish(std::move(topic), std::move(payload), pending);
    });
    jobs_->begin([this](job_message said) {
        publish(std::move(said.topic), std::move(said.payload), said.pending, said.to);
    });
    return node_ ? node_->begin(*hub_) : result<void>();
}

void service_parts::make_gateway(const service_options& options) {
    gateway_options settings;
    settings.counts = &counts_;
    settings.limits = &limits_;
    if (claim_ || upstream_) {
        settings.threads = threads_that_wait;
    }
    if (upstream_) {
        for (const auto& [name, service] : upstream_->known().services) {
            settings.elsewhere.emplace(name, service.at.url());
        }
    }
    settings.own_calls = {
        {"PutAdoptionPackage", "PUT", "/evergrass/v1/packages/",
         [this](std::string_view rest, const std::string& body) {
             return adoption::put_package(adoptions_, rest, body);
         }},
        {"AdoptCore", "POST", "/evergrass/v1/adoptions",
         [this](std::string_view, const std::string& body) {
             return adoption::adopt(adoptions_, body);
         }},
    };
    if (options.allow_reset) {
        settings.reset = [this] { return empty(); };
    }
    gateway_ =
        std::make_unique<gateway>(*state_, all_operations(), identity_, log_, std::move(settings));
}

service_parts::~service_parts() {
    gateway_.reset();  // its operations wait for shadows and jobs
    bulk_.stop();
    expired_keys_.stop();
    admin_work_.join();
    blocking_.join();  // what runs there uses the device API
    object_work_.join();
    log_work_.join();
    if (hub_) {
        // Nobody asks for shadows or jobs any more; what waits is answered while the hub is there.
        if (auto stopped = hub_->stop(); !stopped) {
            log_.error("Not all of the MQTT sessions could be saved.",
                       {{"error", stopped.error()}});
        }
    }
    shadows_->stop();
    jobs_->stop();
    provisioning_->stop();
    if (node_) {
        node_->stop();
    }
}

operation_table service_parts::all_operations() {
    operation_table operations;
    add_iot_operations(operations, registry_);
    add_iot_data_operations(operations, {*hub_, *shadows_, *state_, clock_});
    add_job_operations(operations, job_parts_);
    add_lambda_operations(operations, functions_);
    add_secrets_operations(operations, secrets_);
    add_logs_operations(operations, logs_);
    add_iam_operations(operations, iam_);
    add_greengrass_operations(operations, greengrass_);
    if (!software_updates_.empty()) {
        add_software_update_operation(operations, {greengrass_, job_parts_, software_updates_});
    }
    return operations;
}

result<void> service_parts::empty() {
    auto done = state_->reset();
    changes_.emptied();
    return done ? objects_.forget_bodies() : done;
}

std::uint64_t service_parts::database_bytes() const {
    std::uint64_t bytes = 0;
    if (!claim_) {
        std::error_code missing;
        bytes = std::filesystem::file_size(admin_.data / "service.db", missing);
        return missing ? 0 : bytes;
    }
    const auto read = state_->db().query(
        "parts.database_bytes", "SELECT pg_database_size(current_database())", {},
        [&](const db::row& row) { bytes = static_cast<std::uint64_t>(row.integer(0)); });
    return read ? bytes : 0;
}

std::string service_parts::metrics() const {
    metrics_writer out;
    out.family("build_info", "gauge", "1, with the version.");
    out.sample({{"version", EVERGRASS_VERSION}}, 1);
    out.single("start_time_seconds", "gauge", "When the service started, since 1970.",
               static_cast<std::uint64_t>(to_epoch_seconds(started_)));
    counts_.write(out);
    const auto now = hub_->numbers();
    out.single("mqtt_connections", "gauge", "Clients of the service's MQTT.", now.connections);
    out.single("mqtt_sessions", "gauge", "MQTT sessions, connected or kept.", now.sessions);
    out.single("mqtt_retained_messages", "gauge", "Retained messages.", now.retained);
    out.family("mqtt_handshakes_total", "counter", "TLS handshakes of MQTT, by outcome.");
    out.sample({{"outcome", "full"}}, now.handshakes - now.handshakes_resumed);
    out.sample({{"outcome", "resumed"}}, now.handshakes_resumed);
    out.sample({{"outcome", "failed"}}, now.handshakes_failed);
    out.single("mqtt_connections_refused_total", "counter", "MQTT connections over a limit.",
               now.connections_refused);
    out.single("mqtt_journal_failing", "gauge", "1 while the disk does not take MQTT's sessions.",
               now.journal && now.journal->failing ? 1 : 0);
    if (node_) {
        const auto heard = node_->numbers();
        out.single("bus_connected", "gauge", "1 while the bus can be reached.",
                   heard.is_connected ? 1 : 0);
        out.single("bus_position", "gauge", "The place in the bus's stream that was heard last.",
                   heard.heard);
        out.single("mqtt_clients_coming", "gauge", "Clients that wait until all services know.",
                   heard.waiting_clients);
        out.single("leading", "gauge", "1 for the one that does what one does for all.",
                   lease_->is_held() ? 1 : 0);
    }
    out.single("database_bytes", "gauge", "The database on its disk.", database_bytes());
    return out.take();
}

result<json::object> service_parts::sign(const std::string& manifest) const {
    if (const auto read = contract::parse_manifest(manifest); !read) {
        return with_context(read.error(), "the manifest");
    }
    const auto sealed = signer_.sign(manifest);
    if (!sealed) {
        return sealed.error();
    }
    return json::object{{"signature", base64_encode(sealed->signature)}, {"keyId", sealed->key_id}};
}

result<json::object> service_parts::back_up(const std::filesystem::path& file) {
    const auto written = write_backup(*state_, admin_.data, file, clock_.now());
    if (!written) {
        return written.error();
    }
    log_.info("A backup was written.", {{"file", file.string()}, {"bytes", written->bytes}});
    json::array left_out(written->left_out.begin(), written->left_out.end());
    return json::object{{"file", file.string()},
                        {"bytes", written->bytes},
                        {"objects", written->objects},
                        {"leftOut", std::move(left_out)}};
}

http::handler service_parts::api_handler(bool plain_loopback) {
    return lambda::with_invocations(invocations_, gateway_->handler(plain_loopback), log_);
}

std::optional<http::response> service_parts::answer_at_once(http::request& asked) {
    return gateway_->answer_at_once(asked);
}

http::handler service_parts::device_handler() {
    return [this](http::request asked) { return answer_device(this, std::move(asked)); };
}

std::unique_ptr<websocket_door> service_parts::make_websocket_door(websocket_door::take_over take) {
    return std::make_unique<websocket_door>(*state_, clock_, blocking_.get_executor(),
                                            std::move(take), log_);
}

// Every answer has an id, as those of the AWS APIs.
boost::asio::awaitable<http::response> service_parts::answer_device(service_parts* self,
                                                                    http::request asked) {
    auto answer = co_await route_device(self, std::move(asked));
    answer.headers.set("x-amzn-requestid", uuid_v4());
    co_return answer;
}

boost::asio::awaitable<http::response> service_parts::route_device(service_parts* self,
                                                                   http::request asked) {
    if (asked.path().starts_with("/topics/")) {
        auto answer = co_await publish_over_https(
            self->hub_.get(), &self->authority_, &self->identity_, &self->clock_, std::move(asked));
        co_return answer;
    }
    const device_shadows shadows{self->shadows_.get(), self->state_.get(),
                                 &self->authority_,    &self->identity_,
                                 &self->clock_,        self->blocking_.get_executor()};
    if (is_shadow_path(asked.path())) {
        auto answer = co_await shadow_over_https(shadows, std::move(asked));
        co_return answer;
    }
    if (is_jobs_path(asked.path())) {
        const device_jobs jobs{self->jobs_.get(), &self->authority_, &self->identity_};
        auto answer = co_await jobs_over_https(jobs, std::move(asked));
        co_return answer;
    }
    if (greengrass::is_core_logs_path(asked.method, asked.path())) {
        const greengrass::device_routes routes{self->greengrass_, self->authority_};
        auto answer = co_await greengrass::core_logs_over_https(
            &routes, &self->logs_,
            self->upstream_ ? self->log_work_.get_executor() : self->blocking_.get_executor(),
            std::move(asked));
        co_return answer;
    }
    auto answered = co_await self->device_api_.handle(std::move(asked));
    if (answered) {
        co_return std::move(*answered);
    }
    http::response unknown;
    unknown.status = 404;
    unknown.headers.add("content-type", "application/json");
    unknown.body = R"({"message":"Not Found"})";
    co_return unknown;
}

}  // namespace evergrass::cloud
