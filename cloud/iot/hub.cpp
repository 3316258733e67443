#include "cloud/iot/hub.hpp"

#include <boost/asio/post.hpp>

namespace evergrass::cloud {

class hub::implementation : public std::enable_shared_from_this<hub::implementation> {
public:
    implementation(boost::asio::any_io_executor executor, const service_identity& identity,
                   const device_authority& authority, const logger& log)
        : executor_(executor),
          sessions_(identity, authority, log),
          server_(std::move(executor), mqtt::server_options{}, sessions_, log) {}

    // Runs `work` on the executor unless the hub is gone by then.
    template <class Work>
    void post(Work work) {
        boost::asio::post(executor_, [weak = weak_from_this(), work = std::move(work)]() mutable {
            if (const auto self = weak.lock()) {
                work(self->sessions_);
            }
        });
    }

    mqtt::server& server() { return server_; }

private:
    boost::asio::any_io_executor executor_;
    hub_sessions sessions_;
    mqtt::server server_;  // last: it calls the sessions until it is gone
};

hub::hub(boost::asio::any_io_executor executor, const service_identity& identity,
         const device_authority& authority, const logger& log)
    : implementation_(
          std::make_shared<implementation>(std::move(executor), identity, authority, log)) {}

hub::~hub() = default;

void hub::serve(rt::secure_connection connection) {
    implementation_->server().serve(std::move(connection));
}

std::size_t hub::connections() const {
    return implementation_->server().connections();
}

void hub::stop() {
    implementation_->server().stop();
}

void hub::publish(std::string topic, std::string payload, mqtt::qos level) {
    implementation_->post([topic = std::move(topic),
                           payload = std::make_shared<const std::string>(std::move(payload)),
                           level](hub_sessions& all) { all.deliver(topic, payload, level); });
}

void hub::cut_off(std::string certificate_id) {
    implementation_->post([id = std::move(certificate_id)](hub_sessions& all) { all.cut_off(id); });
}

void hub::cut_off_inactive() {
    implementation_->post([](hub_sessions& all) { all.cut_off_inactive(); });
}

}  // namespace evergrass::cloud
