#include "libs/mqtt/server.hpp"

#include "libs/base/random.hpp"
#include "libs/mqtt/receive_buffer.hpp"
#include "libs/mqtt/server_session.hpp"
#include "libs/mqtt/transport.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace evergrass::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long a closed connection may take to read what was sent last.
constexpr std::chrono::seconds linger_limit{2};

mono_time now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

// Carries out what the sessions decide. What a handler of ours causes (bytes to write, connections
// to end) is collected and settled when the handler is done, so that all that one packet or one
// burst brings to a client leaves in one write, and no call of the owner is answered by a call
// back.
class server::implementation : public std::enable_shared_from_this<server::implementation> {
public:
    class connection;

    implementation(asio::any_io_executor executor, server_options options, server_handler& handler,
                   logger log)
        : executor_(std::move(executor)),
          options_(options),
          handler_(&handler),
          log_(std::move(log)) {}

    void serve(std::unique_ptr<transport> stream, std::optional<rt::peer_certificate> peer,
               std::string remote);
    std::size_t connections() const { return open_; }
    connection* find(std::string_view client_id) const;
    void stop();
    void abandon();

private:
    // Runs a handler of ours and then settles what it caused.
    template <class Work>
    void run(Work work) {
        settling_ = true;
        work();
        settle();
    }
    void settle();
    void settle_soon();
    void remove(connection& ended);

    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    asio::any_io_executor executor_;
    server_options options_;
    server_handler* handler_;  // null once the server is gone
    logger log_;
    std::unordered_map<connection*, std::shared_ptr<connection>> all_;  // closing ones too
    std::size_t open_ = 0;
    std::unordered_map<std::string, connection*, text_hash, std::equal_to<>> by_client_id_;
    std::vector<std::shared_ptr<connection>> changed_;  // have bytes to write, or have ended
    bool settling_ = false;                             // settle() is under way or will be called
};

class server::implementation::connection final : public server_connection,
                                                 public server_session_owner,
                                                 public transport::user,
                                                 public std::enable_shared_from_this<connection> {
public:
    connection(std::shared_ptr<implementation> server, std::unique_ptr<transport> stream,
               std::optional<rt::peer_certificate> peer, std::string remote)
        : server_(std::move(server)),
          transport_(std::move(stream)),
          peer_(std::move(peer)),
          remote_(std::move(remote)),
          session_(server_->options_, *this, now()),
          timer_(server_->executor_) {}

    void start() {
        arm_timer();
        receive();
    }

    // server_connection
    const connect_info& info() const override { return session_.info(); }
    const std::optional<rt::peer_certificate>& peer() const override { return peer_; }
    const std::string& remote_address() const override { return remote_; }
    send_result publish(std::string_view topic, std::shared_ptr<const std::string> payload,
                        qos level, bool retain) override {
        const auto sent = session_.publish(topic, payload, level, retain);
        if (sent == send_result::queued) {
            changed();
        }
        return sent;
    }
    void close(std::string_view reason) override {
        session_.close(close_cause::owner, reason);
        changed();
    }

    // server_session_owner
    std::string make_client_id() override { return "auto-" + uuid_v4(); }
    connect_code on_connect(const connect_info& info) override;
    bool on_publish(const publish_view& message) override {
        return server_->handler_->on_publish(*this, message);
    }
    std::optional<qos> on_subscribe(std::string_view filter, qos wanted) override {
        return server_->handler_->on_subscribe(*this, filter, wanted);
    }
    void on_unsubscribe(std::string_view filter) override {
        server_->handler_->on_unsubscribe(*this, filter);
    }

    // transport::user
    void on_received(const error_code& failed, std::size_t count) override;
    void on_sent(const error_code& failed) override;
    void on_shut_down() override { finish(); }

    // Writes and ends as far as the session wants it. Called by settle() alone.
    void settle();
    void finish();

private:
    void changed() {
        if (!std::exchange(changed_, true)) {
            server_->changed_.push_back(shared_from_this());
        }
        server_->settle_soon();
    }
    void receive();
    void resume();
    void write();
    void end();
    void log_end() const;
    void arm_timer();

    std::shared_ptr<implementation> server_;
    std::unique_ptr<transport> transport_;
    std::optional<rt::peer_certificate> peer_;
    std::string remote_;
    receive_buffer received_;
    server_session session_;
    asio::steady_timer timer_;  // the session's deadline; after its end, the linger limit
    bool changed_ = false;
    bool accepted_ = false;  // the owner knows of it
    bool receiving_ = false;
    bool writing_ = false;
    bool ended_ = false;
    bool shutting_down_ = false;
};

connect_code server::implementation::connection::on_connect(const connect_info& info) {
    const auto code = server_->handler_->on_connect(*this, info);
    if (code != connect_code::accepted) {
        return code;
    }
    accepted_ = true;
    auto& holder = server_->by_client_id_[info.client_id];
    if (holder != nullptr) {
        holder->close("another connection with the same client id took over [MQTT-3.1.4-2]");
    }
    holder = this;
    return code;
}

void server::implementation::connection::receive() {
    receiving_ = true;
    const auto room = received_.room();
    transport_->receive(room.data, room.size, shared_from_this());
}

void server::implementation::connection::on_received(const error_code& failed, std::size_t count) {
    receiving_ = false;
    if (session_.closed() || server_->handler_ == nullptr) {
        return;
    }
    server_->run([&] {
        if (failed) {
            session_.close(close_cause::transport, failed == asio::error::eof
                                                       ? "the client closed the connection"
                                                       : failed.message());
        } else {
            received_.received(count);
            const bool was_connected = session_.connected();
            received_.consume(session_.receive(received_.data(), now()));
            if (session_.connected() != was_connected) {
                arm_timer();
            }
            resume();
        }
        changed();
    });
}

// A client that sends but does not read what it is answered is not read from either.
void server::implementation::connection::resume() {
    if (!receiving_ && !session_.closed() &&
        session_.output().size() <= server_->options_.max_queued_bytes) {
        receive();
    }
}

void server::implementation::connection::write() {
    const auto bytes = session_.output().begin_write();
    if (!bytes.empty()) {
        writing_ = true;
        transport_->send(bytes, shared_from_this());
    }
}

void server::implementation::connection::on_sent(const error_code& failed) {
    writing_ = false;
    if (server_->handler_ == nullptr) {
        return;
    }
    server_->run([&] {
        if (failed) {
            session_.output().clear();
            session_.close(close_cause::transport, failed.message());
        } else {
            session_.output().written();
            resume();
        }
        changed();
    });
}

void server::implementation::connection::settle() {
    changed_ = false;
    if (!writing_) {
        write();
    }
    if (session_.closed()) {
        end();
    }
}

void server::implementation::connection::end() {
    if (!std::exchange(ended_, true)) {
        server_->remove(*this);
        log_end();
        timer_.expires_after(linger_limit);
        timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
            if (!cancelled) {
                self->finish();
            }
        });
        if (accepted_) {
            server_->handler_->on_disconnect(
                *this, session_.cause() == close_cause::disconnect_packet, session_.reason());
        }
    }
    if (session_.cause() == close_cause::transport) {
        finish();
    } else if (!writing_ && !std::exchange(shutting_down_, true)) {
        transport_->shut_down(shared_from_this());
    }
}

// The socket's end. Calls that are under way come back with an error.
void server::implementation::connection::finish() {
    timer_.cancel();
    transport_->close();
    server_->all_.erase(this);
}

void server::implementation::connection::log_end() const {
    const auto cause = session_.cause();
    const bool at_fault = cause == close_cause::violation || cause == close_cause::timeout;
    server_->log_.write(
        at_fault ? log_level::warn : log_level::debug, "An MQTT connection was closed.",
        {{"clientId", info().client_id}, {"from", remote_}, {"reason", session_.reason()}});
}

void server::implementation::connection::arm_timer() {
    const auto at = session_.deadline();
    if (at == mono_time::max()) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (cancelled || self->session_.closed() || self->server_->handler_ == nullptr) {
            return;
        }
        self->server_->run([&] {
            self->session_.on_time(now());
            if (self->session_.closed()) {
                self->changed();
            } else {
                self->arm_timer();
            }
        });
    });
}

void server::implementation::serve(std::unique_ptr<transport> stream,
                                   std::optional<rt::peer_certificate> peer, std::string remote) {
    if (open_ >= options_.max_connections) {
        log_.warn("An MQTT connection was refused: there are too many.",
                  {{"from", remote}, {"limit", options_.max_connections}});
        stream->close();
        return;
    }
    auto fresh = std::make_shared<connection>(shared_from_this(), std::move(stream),
                                              std::move(peer), std::move(remote));
    all_.emplace(fresh.get(), fresh);
    ++open_;
    fresh->start();
}

server::implementation::connection* server::implementation::find(std::string_view client_id) const {
    const auto found = by_client_id_.find(client_id);
    return found == by_client_id_.end() ? nullptr : found->second;
}

void server::implementation::remove(connection& ended) {
    --open_;
    const auto holder = by_client_id_.find(ended.info().client_id);
    if (holder != by_client_id_.end() && holder->second == &ended) {
        by_client_id_.erase(holder);
    }
}

void server::implementation::settle() {
    settling_ = true;
    for (std::size_t i = 0; i < changed_.size(); ++i) {
        const auto next = std::move(changed_[i]);
        next->settle();
    }
    changed_.clear();
    settling_ = false;
}

void server::implementation::settle_soon() {
    if (!std::exchange(settling_, true)) {
        asio::post(executor_, [self = shared_from_this()] {
            if (self->handler_ != nullptr) {
                self->settle();
            }
        });
    }
}

void server::implementation::stop() {
    run([&] {
        for (const auto& [raw, each] : all_) {
            each->close("the server is stopping");
        }
    });
}

// Without a word to the owner, which may be half gone.
void server::implementation::abandon() {
    handler_ = nullptr;
    changed_.clear();
    by_client_id_.clear();
    for (const auto all = std::exchange(all_, {}); const auto& [raw, each] : all) {
        each->finish();
    }
}

server::server(asio::any_io_executor executor, server_options options, server_handler& handler,
               logger log)
    : implementation_(std::make_shared<implementation>(std::move(executor), options, handler,
                                                       std::move(log))) {}

server::~server() {
    implementation_->abandon();
}

void server::serve(rt::secure_connection connection) {
    auto peer = connection.peer;
    auto remote = connection.remote_address;
    implementation_->serve(make_transport(std::move(connection)), std::move(peer),
                           std::move(remote));
}

void server::serve(rt::plain_connection connection) {
    auto remote = connection.remote_address;
    implementation_->serve(make_transport(std::move(connection)), std::nullopt, std::move(remote));
}

std::size_t server::connections() const {
    return implementation_->connections();
}

server_connection* server::find(std::string_view client_id) const {
    return implementation_->find(client_id);
}

void server::stop() {
    implementation_->stop();
}

}  // namespace evergrass::mqtt
