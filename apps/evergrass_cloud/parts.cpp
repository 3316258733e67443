#include "apps/evergrass_cloud/parts.hpp"

#include "apps/evergrass_cloud/identity_check.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/post_core_logs.hpp"
#include "cloud/iam/operations.hpp"
#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/device_publish.hpp"
#include "cloud/iot/device_shadow.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/logs/operations.hpp"
#include "cloud/secrets/operations.hpp"

#include <boost/asio/awaitable.hpp>

namespace evergrass::cloud {

namespace {

result<std::optional<greengrass::upstream_sts>> make_sts(const service_options& options) {
    if (options.aws_credentials.empty()) {
        return std::optional<greengrass::upstream_sts>();
    }
    auto made = greengrass::upstream_sts::make(
        {options.aws_credentials, options.sts_region.empty() ? options.region : options.sts_region,
         options.sts_endpoint, options.sts_ca_file});
    if (!made) {
        return made.error();
    }
    return std::optional(std::move(*made));
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
    auto state = store::open((options.data / "service.db").string());
    if (!state) {
        return state.error();
    }
    auto sealing_key = secrets::load_or_make_key(options.data / "secrets.key", **state);
    if (!sealing_key) {
        return sealing_key.error();
    }
    std::unique_ptr<service_parts> parts(new service_parts(
        options, std::move(*lock), std::move(*keys), std::move(*signer), std::move(*sts),
        std::move(*state), std::move(*sealing_key), std::move(log)));
    if (auto same = check_identity(*parts->state_, parts->identity_); !same) {
        return same.error();
    }
    if (auto started = parts->start_hub(options); !started) {
        return started.error();
    }
    parts->make_gateway(options);
    parts->bulk_.start();
    return parts;
}

service_parts::service_parts(const service_options& options, data_lock lock, service_keys keys,
                             deployment_signer signer, std::optional<greengrass::upstream_sts> sts,
                             std::unique_ptr<store> state, std::string sealing_key, logger log)
    : log_(std::move(log)),
      lock_(std::move(lock)),
      keys_(std::move(keys)),
      identity_{options.account, options.region, "aws"},
      state_(std::move(state)),
      registry_{*state_, identity_, clock_, changes_, keys_.devices, {}},
      authority_(*state_, identity_, changes_, log_),
      shadows_(std::make_shared<shadow_service>(*state_, clock_, log_)),
      objects_(*state_, clock_, options.data / "objects", log_),
      functions_{*state_, identity_, clock_, &objects_},
      secrets_{*state_, identity_, clock_, std::move(sealing_key)},
      logs_{*state_, identity_, clock_},
      iam_{*state_, identity_, clock_},
      signer_(std::move(signer)),
      sts_(std::move(sts)),
      greengrass_{*state_, identity_, clock_, signer_, notifier_, log_},
      device_api_(greengrass_, authority_, blocking_.get_executor()),
      s3_(objects_, object_work_.get_executor(), log_),
      bulk_(greengrass_) {
    greengrass_.sts = sts_ ? &*sts_ : nullptr;
    greengrass_.objects = &objects_;
    greengrass_.secrets = &secrets_;
    greengrass_.bulk_changed = [this] { bulk_.wake(); };
}

result<void> service_parts::start_hub(const service_options& options) {
    hub_settings settings;
    settings.data_directory = (options.data / "mqtt").string();
    settings.session_expiry = options.mqtt_session_expiry;
    settings.shadows = shadows_;
    auto started = hub::start(settings, identity_, authority_, changes_, log_);
    if (!started) {
        return started.error();
    }
    hub_ = std::move(*started);
    changes_.on_certificate_lost = [this](const std::string& id) { hub_->cut_off(id); };
    changes_.on_emptied = [this] { hub_->forget_all(); };
    shadows_->begin([this](std::string topic, std::string payload, const mqtt::receipt& pending) {
        auto message = std::make_shared<mqtt::stored_message>();
        message->topic = std::move(topic);
        message->payload = std::make_shared<const std::string>(std::move(payload));
        message->level = mqtt::qos::at_least_once;
        hub_->publish(std::move(message), [pending] {});
    });
    return {};
}

void service_parts::make_gateway(const service_options& options) {
    gateway_options settings;
    if (options.allow_reset) {
        settings.reset = [this] { return empty(); };
    }
    gateway_ =
        std::make_unique<gateway>(*state_, all_operations(), identity_, log_, std::move(settings));
}

service_parts::~service_parts() {
    gateway_.reset();  // its operations wait for shadows
    bulk_.stop();
    blocking_.join();  // what runs there uses the device API
    object_work_.join();
    if (hub_) {
        // Nobody asks for shadows any more; what waits is answered while the hub is there.
        if (auto stopped = hub_->stop(); !stopped) {
            log_.error("Not all of the MQTT sessions could be saved.",
                       {{"error", stopped.error()}});
        }
    }
    shadows_->stop();
}

operation_table service_parts::all_operations() {
    operation_table operations;
    add_iot_operations(operations, registry_);
    add_iot_data_operations(operations, {*hub_, *shadows_, *state_, clock_});
    add_lambda_operations(operations, functions_);
    add_secrets_operations(operations, secrets_);
    add_logs_operations(operations, logs_);
    add_iam_operations(operations, iam_);
    add_greengrass_operations(operations, greengrass_);
    return operations;
}

result<void> service_parts::empty() {
    auto done = state_->reset();
    changes_.emptied();
    return done ? objects_.forget_files() : done;
}

http::handler service_parts::device_handler() {
    return [this](http::request asked) { return answer_device(this, std::move(asked)); };
}

std::unique_ptr<websocket_door> service_parts::make_websocket_door(websocket_door::take_over take) {
    return std::make_unique<websocket_door>(*state_, clock_, blocking_.get_executor(),
                                            std::move(take), log_);
}

boost::asio::awaitable<http::response> service_parts::answer_device(service_parts* self,
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
    if (greengrass::is_core_logs_path(asked.method, asked.path())) {
        const greengrass::device_routes routes{self->greengrass_, self->authority_};
        auto answer = co_await greengrass::core_logs_over_https(
            &routes, &self->logs_, self->blocking_.get_executor(), std::move(asked));
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
