#include "apps/evergrass/sample_flows.hpp"

#include "apps/evergrass/sample_group.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cli {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto message_interval = 1s;
constexpr auto once_limit = 30s;
constexpr auto connect_limit = 10s;  // for one address

bool is_complete(const flow_book& book, std::uint64_t sequence) {
    const auto* row = book.find(sequence);
    return row != nullptr && row->complete();
}

}  // namespace

sample_flows::sample_flows(asio::any_io_executor executor, flow_options options,
                           const up_state& state, progress& shown)
    : executor_(executor),
      options_(std::move(options)),
      state_(state),
      progress_(shown),
      run_(uuid_v4()),
      arrived_(executor) {}

asio::awaitable<result<void>> sample_flows::connect() {
    auto observed = co_await connect_observer();
    if (!observed) {
        co_return observed.error();
    }
    auto display =
        co_await connect_device(state_.display, [this](const mqtt::publish_view& message) {
            received(flow::device_to_device, message.payload);
        });
    if (!display) {
        co_return display.error();
    }
    display_ = std::move(*display);
    auto subscribed = co_await display_->subscribe(sample::display_topic);
    if (!subscribed) {
        co_return with_context(subscribed.error(),
                               state_.display.name +
                                   " (is another group deployed than the sample's version " +
                                   state_.group_version_id + "?)");
    }
    auto sensor = co_await connect_device(state_.sensor, {});
    if (!sensor) {
        co_return sensor.error();
    }
    sensor_ = std::move(*sensor);
    co_return result<void>{};
}

asio::awaitable<result<void>> sample_flows::connect_observer() {
    const auto& thing = state_.observer;
    auto who = load_identity(thing.name, thing.cert_file, thing.key_file, options_.service_ca_file);
    if (!who) {
        co_return who.error();
    }
    mqtt_link::options link_options{.client_id = thing.name,
                                    .address = options_.iot_mqtt,
                                    .identity = {who->certificate_pem, who->key_pem},
                                    .ca_pem = who->service_ca_pem,
                                    .alpn = {"x-amzn-mqtt-ca"}};
    auto link = co_await mqtt_link::connect(
        executor_, std::move(link_options),
        [this](const mqtt::publish_view& message) {
            received(flow::function_to_cloud, message.payload);
        },
        connect_limit);
    if (!link) {
        co_return with_context(link.error(), "The listener at the service");
    }
    observer_ = std::move(*link);
    auto subscribed = co_await observer_->subscribe(sample::cloud_topic);
    co_return subscribed;
}

// Tries each address that discovery gave, in its order.
asio::awaitable<result<std::unique_ptr<mqtt_link>>> sample_flows::connect_device(
    provisioned_thing thing, mqtt_link::on_message received) {
    auto who = load_identity(thing.name, thing.cert_file, thing.key_file, options_.service_ca_file);
    if (!who) {
        co_return who.error();
    }
    auto core = co_await discover(executor_, options_.discovery_url, *who);
    if (!core) {
        co_return core.error();
    }
    error last{{}, thing.name};
    for (const auto& address : core->addresses) {
        mqtt_link::options link_options{.client_id = thing.name,
                                        .address = address,
                                        .identity = {who->certificate_pem, who->key_pem},
                                        .ca_pem = core->ca_pem,
                                        .alpn = {},
                                        .reconnect = false};
        auto link = co_await mqtt_link::connect(executor_, std::move(link_options), received,
                                                connect_limit);
        if (link) {
            co_return std::move(*link);
        }
        last = link.error();
    }
    co_return last;
}

void sample_flows::received(flow f, std::string_view payload) {
    const auto sequence = sequence_of(payload, run_);
    if (sequence && book_.arrived(f, *sequence, std::chrono::steady_clock::now()) != nullptr) {
        arrived_.notify();
    }
}

void sample_flows::send(std::uint64_t sequence) {
    const auto reading = make_reading(run_, sequence);
    book_.sent(sequence, std::chrono::steady_clock::now());
    sensor_->publish(sample::function_topic, reading);
    sensor_->publish(sample::display_topic, reading);
}

bool sample_flows::displaced() const {
    return !sensor_->connected() || !display_->connected();
}

asio::awaitable<result<void>> sample_flows::show(bool once) {
    progress_.flow_titles();
    const auto began = std::chrono::steady_clock::now();
    auto tick = began;
    for (std::uint64_t sequence = 1; !displaced(); ++sequence) {
        send(sequence);
        tick += message_interval;
        const auto complete = [this, sequence] { return is_complete(book_, sequence); };
        co_await arrived_.wait(complete, tick);
        progress_.flow_row(sequence, *book_.find(sequence));
        if (once && book_.missing().empty()) {
            co_return result<void>{};
        }
        if (once && tick - began >= once_limit) {
            co_return unseen();
        }
        co_await arrived_.wait([] { return false; }, tick);
    }
    const auto& who = sensor_->connected() ? state_.display.name : state_.sensor.name;
    if (once) {
        co_return error{{}, "The core closed the connection of " + who};
    }
    progress_.note(who +
                   " is connected from elsewhere (or was closed by the core): the sample steps "
                   "aside. Start `evergrass up` again to see its messages.");
    co_await arrived_.wait([] { return false; }, mono_time::max());
    co_return result<void>{};
}

error sample_flows::unseen() const {
    std::string text;
    for (const auto f : book_.missing()) {
        text += "No message arrived by " + std::string(name_of(f)) + " within 30 s (" +
                std::to_string(book_.messages_sent()) + " were sent). " + likely_reason(f) + "\n";
    }
    text.pop_back();
    return {{}, text};
}

std::string sample_flows::likely_reason(flow f) const {
    if (f == flow::device_to_device) {
        return "Likely: the deployed group lacks the subscription, or another one is deployed; "
               "see " +
               options_.core_logs + "/system/runtime.log.";
    }
    if (!observer_->connected()) {
        return "The listener lost its connection to the service: " + observer_->last_reason() + ".";
    }
    return "Likely: the function fails (see " + options_.core_logs +
           "/user), or the core has no link to the service (see " + options_.core_logs +
           "/system/runtime.log).";
}

}  // namespace evergrass::cli
