#include "libs/mqtt/client.hpp"

#include "libs/base/random.hpp"
#include "libs/mqtt/backoff.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_transport.hpp"
#include "libs/mqtt/receive_buffer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace evergrass::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long the server may take to close its side after DISCONNECT.
constexpr std::chrono::seconds linger_limit{2};

mono_time now() {
    return std::chrono::steady_clock::now();
}

client_session_options session_options(client_session_options o) {
    const auto random = random_bytes(2);
    o.first_packet_id = static_cast<std::uint16_t>(static_cast<unsigned char>(random[0]) << 8U |
                                                   static_cast<unsigned char>(random[1]));
    return o;
}

}  // namespace

// Carries out what the session decides, over one connection after the other.
class client::implementation final : public client_session_owner,
                                     public std::enable_shared_from_this<client::implementation> {
public:
    implementation(client& owner, asio::any_io_executor executor, client_options options,
                   logger log)
        : owner_(&owner),
          executor_(std::move(executor)),
          options_(std::move(options)),
          log_(std::move(log)),
          session_(session_options(options_), *this),
          backoff_(options_.first_retry, options_.max_retry),
          retry_(executor_),
          deadline_(executor_) {}

    void start() { attempt(); }
    void stop(reason code);
    void abandon();
    void reconnect(const std::string& why);
    bool connected() const { return session_.connected(); }
    const connection_info& server() const { return session_.server(); }
    const client_traffic& traffic() const { return traffic_; }

    void subscribe(std::string filter, subscribe_options options, granted_callback done) {
        session_.subscribe(std::move(filter), options, std::move(done), now());
        settle_soon();
    }
    void unsubscribe(std::string_view filter, unsubscribed_callback done) {
        session_.unsubscribe(filter, std::move(done), now());
        settle_soon();
    }
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload,
                        publish_options options, published_callback done) {
        if (stopped_) {
            return send_result::not_connected;
        }
        const auto sent = session_.publish(std::move(topic), std::move(payload), std::move(options),
                                           std::move(done), now());
        settle_soon();
        return sent;
    }

    // client_session_owner
    void on_connected() override;
    void on_message(const publish_view& message) override {
        if (owner_ != nullptr && owner_->on_message) {
            owner_->on_message(message);
        }
    }

private:
    // One connection. Late answers of an earlier one find that they are no longer the current link.
    class link final : public transport::user, public std::enable_shared_from_this<link> {
    public:
        link(std::shared_ptr<implementation> client, std::unique_ptr<transport> stream)
            : client_(std::move(client)),
              transport_(std::move(stream)),
              linger_(client_->executor_) {}

        void receive();
        void write();
        // Closes, keeping the rest for as long as a write of it is under way. Politely: writes all
        // of it first and waits for the server to close.
        void end(outbox rest, bool politely);
        void close();

    private:
        bool current() const { return client_->link_.get() == this; }
        void on_received(const error_code& failed, std::size_t count) override;
        void on_sent(const error_code& failed) override;
        void on_shut_down() override { close(); }

        std::shared_ptr<implementation> client_;
        std::unique_ptr<transport> transport_;
        asio::steady_timer linger_;
        receive_buffer received_;
        outbox rest_;  // after end()
        bool receiving_ = false;
        bool writing_ = false;
        bool ending_ = false;
    };

    void attempt();
    static asio::awaitable<void> dial(std::shared_ptr<implementation> self);
    static asio::awaitable<result<std::unique_ptr<transport>>> connect(
        std::shared_ptr<implementation> self);
    void opened(std::unique_ptr<transport> stream);
    void lost(const std::string& reason);
    void retry_in(std::chrono::milliseconds delay);
    void settle();
    void settle_soon();
    void arm_deadline();
    std::string endpoint() const {
        return options_.endpoint.host + ":" + std::to_string(options_.endpoint.port);
    }

    client* owner_;  // null once it is gone
    asio::any_io_executor executor_;
    client_options options_;
    logger log_;
    client_session session_;
    backoff backoff_;
    asio::steady_timer retry_;
    asio::steady_timer deadline_;
    mono_time armed_for_ = mono_time::max();
    asio::cancellation_signal cancel_dial_;
    std::shared_ptr<link> link_;  // null while there is none, and from stop() on
    mono_time connected_at_{};
    std::string last_reason_;  // of a lost link; the same one again is logged at debug level
    client_traffic traffic_;
    bool settle_posted_ = false;
    bool stopped_ = false;
};

void client::implementation::attempt() {
    asio::co_spawn(executor_, dial(shared_from_this()),
                   asio::bind_cancellation_slot(cancel_dial_.slot(), asio::detached));
}

asio::awaitable<void> client::implementation::dial(std::shared_ptr<implementation> self) {
    auto stream = co_await connect(self);
    if (self->stopped_) {
        co_return;
    }
    if (stream) {
        self->opened(std::move(*stream));
    } else {
        self->lost(stream.error().message());
    }
}

asio::awaitable<result<std::unique_ptr<transport>>> client::implementation::connect(
    std::shared_ptr<implementation> self) {
    if (!self->options_.tls) {
        auto plain = co_await rt::dial_plain(self->options_.endpoint);
        if (!plain) {
            co_return plain.error();
        }
        co_return make_transport(std::move(*plain));
    }
    auto context = self->options_.tls();
    if (!context) {
        co_return context.error();
    }
    auto secure = co_await rt::dial_tls(std::move(*context), self->options_.endpoint);
    if (!secure) {
        co_return secure.error();
    }
    co_return make_transport(std::move(*secure));
}

void client::implementation::opened(std::unique_ptr<transport> stream) {
    connected_at_ = now();
    link_ = std::make_shared<link>(shared_from_this(), std::move(stream));
    session_.opened(now());
    link_->receive();
    settle();
}

void client::implementation::on_connected() {
    last_reason_.clear();
    log_.info("Connected by MQTT.", {{"to", endpoint()}, {"clientId", options_.client_id}});
    if (owner_ != nullptr && owner_->on_state) {
        owner_->on_state(true, "");
    }
}

void client::implementation::lost(const std::string& reason) {
    if (const auto ended = std::exchange(link_, nullptr)) {
        ended->end(std::move(session_.output()), session_.has_last_words());
        backoff_.connection_ended(now() - connected_at_);
        deadline_.cancel();
        armed_for_ = mono_time::max();
    }
    log_.write(reason == last_reason_ ? log_level::debug : log_level::warn, "No MQTT connection.",
               {{"to", endpoint()}, {"clientId", options_.client_id}, {"reason", reason}});
    last_reason_ = reason;
    const auto random = static_cast<unsigned char>(random_bytes(1)[0]);
    retry_in(backoff_.next(random));
    session_.lost(reason);
    if (owner_ != nullptr && owner_->on_state) {
        owner_->on_state(false, reason);
    }
}

void client::implementation::reconnect(const std::string& why) {
    if (!stopped_ && link_) {
        lost(why);
        if (!stopped_) {  // on_state was told
            retry_in(std::chrono::milliseconds(0));
        }
    }
}

void client::implementation::retry_in(std::chrono::milliseconds delay) {
    retry_.expires_after(delay);
    retry_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled && !self->stopped_) {
            self->attempt();
        }
    });
}

void client::implementation::settle() {
    if (!link_) {
        return;
    }
    if (session_.failed()) {
        lost(std::string(session_.failure()));
        return;
    }
    link_->write();
    arm_deadline();
}

// Collects what is published in one go, so that it leaves in one write.
void client::implementation::settle_soon() {
    if (link_ && !std::exchange(settle_posted_, true)) {
        asio::post(executor_, [self = shared_from_this()] {
            self->settle_posted_ = false;
            self->settle();
        });
    }
}

// The timer is moved only when it would come too late; when it comes early, it looks again.
void client::implementation::arm_deadline() {
    const auto at = session_.deadline();
    if (at >= armed_for_) {
        return;
    }
    armed_for_ = at;
    deadline_.expires_at(at);
    deadline_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (cancelled) {
            return;
        }
        self->armed_for_ = mono_time::max();
        if (self->link_) {
            self->session_.on_time(now());
            self->settle();
        }
    });
}

void client::implementation::stop(reason code) {
    if (std::exchange(stopped_, true)) {
        return;
    }
    cancel_dial_.emit(asio::cancellation_type::terminal);
    retry_.cancel();
    deadline_.cancel();
    session_.stop(code);
    if (const auto ending = std::exchange(link_, nullptr)) {
        ending->end(std::move(session_.output()), true);
    }
}

void client::implementation::abandon() {
    owner_ = nullptr;
    if (!std::exchange(stopped_, true)) {
        cancel_dial_.emit(asio::cancellation_type::terminal);
        retry_.cancel();
        deadline_.cancel();
        if (link_) {
            link_->close();
            link_.reset();
        }
    }
}

void client::implementation::link::receive() {
    receiving_ = true;
    const auto room = received_.room();
    transport_->receive(room.data, room.size, shared_from_this());
}

void client::implementation::link::on_received(const error_code& failed, std::size_t count) {
    receiving_ = false;
    if (!current()) {
        return;
    }
    if (failed) {
        client_->lost(failed == asio::error::eof ? "the server closed the connection"
                                                 : failed.message());
        return;
    }
    client_->traffic_.received += count;
    received_.received(count);
    received_.consume(client_->session_.receive(received_.data(), now()));
    client_->settle();
    // A server that sends but does not read its acknowledgements is not read from either.
    if (current() && client_->session_.output().size() <= client_->options_.max_queued_bytes) {
        receive();
    }
}

void client::implementation::link::write() {
    if (writing_) {
        return;
    }
    const auto bytes = (ending_ ? rest_ : client_->session_.output()).begin_write();
    if (!bytes.empty()) {
        writing_ = true;
        client_->traffic_.sent += bytes.size();
        transport_->send(bytes, shared_from_this());
    } else if (ending_) {
        transport_->shut_down(shared_from_this());
    }
}

void client::implementation::link::on_sent(const error_code& failed) {
    writing_ = false;
    if (ending_) {
        if (failed) {
            return close();
        }
        rest_.written();
        return write();
    }
    if (!current()) {
        return;
    }
    if (failed) {
        client_->lost(failed.message());
        return;
    }
    client_->session_.written(now());
    client_->settle();
    if (current() && !receiving_) {
        receive();
    }
}

void client::implementation::link::end(outbox rest, bool politely) {
    rest_ = std::move(rest);  // what is being written stays where it is
    if (!politely) {
        return close();
    }
    ending_ = true;
    linger_.expires_after(linger_limit);
    linger_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled) {
            self->close();
        }
    });
    write();
}

void client::implementation::link::close() {
    transport_->close();
    linger_.cancel();
}

client::client(asio::any_io_executor executor, client_options options, logger log)
    : implementation_(std::make_shared<implementation>(*this, std::move(executor),
                                                       std::move(options), std::move(log))) {}

client::~client() {
    implementation_->abandon();
}

void client::start() {
    implementation_->start();
}

void client::stop(reason code) {
    implementation_->stop(code);
}

void client::reconnect(std::string_view why) {
    implementation_->reconnect(std::string(why));
}

bool client::connected() const {
    return implementation_->connected();
}

const connection_info& client::server() const {
    return implementation_->server();
}

const client_traffic& client::traffic() const {
    return implementation_->traffic();
}

void client::subscribe(std::string filter, subscribe_options options, granted_callback done) {
    implementation_->subscribe(std::move(filter), options, std::move(done));
}

void client::subscribe(std::string filter, qos level, granted_callback done) {
    subscribe_options options;
    options.options.level = level;
    subscribe(std::move(filter), options, std::move(done));
}

void client::unsubscribe(std::string_view filter, unsubscribed_callback done) {
    implementation_->unsubscribe(filter, std::move(done));
}

send_result client::publish(std::string topic, std::shared_ptr<const std::string> payload,
                            publish_options options, published_callback done) {
    return implementation_->publish(std::move(topic), std::move(payload), std::move(options),
                                    std::move(done));
}

send_result client::publish(std::string topic, std::shared_ptr<const std::string> payload,
                            qos level, published_callback done) {
    publish_options options;
    options.level = level;
    return publish(std::move(topic), std::move(payload), std::move(options), std::move(done));
}

}  // namespace evergrass::mqtt
