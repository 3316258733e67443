#include "libs/mqtt/front_desk.hpp"

#include "libs/rt/listen_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;

constexpr int accepts_a_turn = 16;  // so that handshakes go on meanwhile
constexpr auto wait_for_descriptors = 200ms;
constexpr auto linger_limit = 2s;  // for a refused client to read why
constexpr std::size_t max_leaving = 1'000;
constexpr auto between_refusals = 1s;  // in the log

bool out_of_resources(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::string remote_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return "unknown";
    }
    return rt::to_text(address);
}

}  // namespace

// A socket that listens.
class front_desk::port final : public rt::reactor::watcher {
public:
    port(front_desk& desk, listen_settings settings, int socket)
        : desk_(desk),
          settings_(std::move(settings)),
          socket_(socket),
          number_(rt::local_port(socket)) {}
    ~port() override {
        if (watch_ != 0) {
            desk_.loop_.unwatch(watch_);
        }
        close(socket_);
    }

    void open() { watch_ = desk_.loop_.watch(socket_, *this, false); }
    void accepting(bool yes) { desk_.loop_.want(watch_, yes, false); }
    void ready(bool, bool) override { desk_.accept(*this); }

    int socket() const { return socket_; }
    std::uint16_t number() const { return number_; }
    const listen_settings& settings() const { return settings_; }

private:
    front_desk& desk_;
    const listen_settings settings_;
    const int socket_;
    const std::uint16_t number_;
    rt::reactor::watch_id watch_ = 0;
};

front_desk::front_desk(const server_options& options, policy& rules, logger log, std::size_t shards,
                       hand_over to_shard, std::atomic<std::size_t>& sockets)
    : options_(options),
      rules_(rules),
      log_(std::move(log)),
      shards_(shards),
      hand_over_(std::move(to_shard)),
      sockets_(sockets),
      loop_(this),
      expiry_(loop_, [this] { expire(); }),
      resume_(loop_, [] {}) {}  // the turn's end looks at the ports

front_desk::~front_desk() {
    stop();
}

void front_desk::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void front_desk::stop() {
    loop_.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    ports_.clear();
    for (auto* all : {&arriving_, &leaving_, &gone_}) {
        sockets_.fetch_sub(all->size(), std::memory_order_relaxed);
        all->clear();
    }
}

result<std::uint16_t> front_desk::listen(const listen_settings& where) {
    const auto socket = rt::open_listen_socket(where.address, where.port);
    if (!socket) {
        return socket.error();
    }
    const auto fresh =
        std::make_shared<std::unique_ptr<port>>(std::make_unique<port>(*this, where, *socket));
    const auto number = (*fresh)->number();
    loop_.post([this, fresh] {
        (*fresh)->open();
        ports_.push_back(std::move(*fresh));
    });
    return number;
}

void front_desk::adopt(int socket, client_identity who, std::string received) {
    sockets_.fetch_add(1, std::memory_order_relaxed);
    rt::make_non_blocking(socket);
    const auto taken = std::make_shared<channel>(socket);  // closes it when the loop has ended
    loop_.post([this, taken, who = std::move(who), received = std::move(received)] {
        receive(std::make_unique<visitor>(static_cast<visitor_host&>(*this), std::move(*taken), who,
                                          0, false, options_.max_packet_bytes),
                received);
    });
}

// --- accepting ----------------------------------------------------------------------------------

void front_desk::accept(port& at) {
    for (int n = 0; n < accepts_a_turn; ++n) {
        if (loop_.now() < pause_until_ ||
            (at.settings().tls && in_handshake_ >= options_.max_handshakes) || !take_token()) {
            return;
        }
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int socket = accept4(at.socket(), reinterpret_cast<sockaddr*>(&address), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            starved_ = false;
            welcome(socket, rt::to_text(address), at);
            continue;
        }
        ++tokens_;  // it was not used
        if (out_of_resources(errno)) {
            return starve(errno, at);
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        log_.debug("A connection was lost while it was accepted.",
                   {{"error", std::system_category().message(errno)}});
    }
}

void front_desk::starve(int error, const port& at) {
    if (!std::exchange(starved_, true)) {
        log_.error(
            "No more connections can be accepted; raise the limit of open files (ulimit -n, "
            "LimitNOFILE=).",
            {{"port", at.number()}, {"error", std::system_category().message(error)}});
    }
    pause(loop_.now() + wait_for_descriptors);
}

void front_desk::pause(mono_time until) {
    pause_until_ = until;
    resume_.at(until);
}

// So many a second, and no more at once than in one second.
bool front_desk::take_token() {
    if (options_.connects_per_second == 0) {
        return true;
    }
    const double rate = options_.connects_per_second;
    const std::chrono::duration<double> since = loop_.now() - tokens_at_;
    tokens_ = std::min(rate, tokens_ + since.count() * rate);
    tokens_at_ = loop_.now();
    if (tokens_ >= 1) {
        --tokens_;
        return true;
    }
    pause(loop_.now() + std::chrono::ceil<mono_time::duration>(
                            std::chrono::duration<double>((1 - tokens_) / rate)));
    return false;
}

// The broker says no to a client beyond max_connections, in words; this is for sockets that never
// come so far.
bool front_desk::has_room(const std::string& remote) {
    const auto limit =
        options_.max_connections + std::max<std::size_t>(options_.max_handshakes, 64);
    if (sockets_.load(std::memory_order_relaxed) < limit) {
        return true;
    }
    ++numbers_.refused;
    if (loop_.now() - refusal_said_ >= between_refusals) {
        refusal_said_ = loop_.now();
        log_.warn("An MQTT connection was refused: there are too many.",
                  {{"remote", remote}, {"limit", options_.max_connections}});
    }
    return false;
}

void front_desk::welcome(int socket, const std::string& remote, const port& at) {
    channel fresh(socket);
    if (!has_room(remote)) {
        return;
    }
    rt::tune_stream_socket(socket);
    if (at.settings().tls) {
        const auto tls = at.settings().tls();
        if (!tls) {
            ++numbers_.refused;
            log_.warn("A connection was refused: there is no server certificate yet.",
                      {{"remote", remote}, {"port", at.number()}});
            return;
        }
        fresh.use_tls(
            std::make_unique<rt::tls_channel>(tls->handle(), rt::tls_channel::role::server));
        ++in_handshake_;
    }
    sockets_.fetch_add(1, std::memory_order_relaxed);
    client_identity who;
    who.remote_address = remote;
    receive(std::make_unique<visitor>(static_cast<visitor_host&>(*this), std::move(fresh),
                                      std::move(who), at.number(), at.settings().websocket,
                                      options_.max_packet_bytes),
            {});
}

void front_desk::receive(std::unique_ptr<visitor> fresh, std::string received) {
    auto& it = *fresh;
    if (it.who().remote_address.empty()) {
        it.who().remote_address = remote_of(it.socket());
    }
    it.deadline = loop_.now() + options_.connect_timeout;
    it.place = arriving_.insert(arriving_.end(), std::move(fresh));
    if (!it.start(std::move(received))) {
        gone(it);
    }
}

// --- what becomes of visitors -------------------------------------------------------------------

void front_desk::handshake_ended(visitor& who, const std::string& failure) {
    --in_handshake_;
    if (failure.empty()) {
        ++numbers_.handshakes;
        numbers_.resumed += who.resumed() ? 1 : 0;
        return;
    }
    say_failed(who, failure);
}

void front_desk::say_failed(visitor& who, const std::string& why) {
    ++numbers_.failed;
    log_.info("A TLS handshake failed.",
              {{"remote", who.who().remote_address}, {"port", who.port()}, {"reason", why}});
}

void front_desk::upgrade_refused(visitor& who, const std::string& why) {
    log_.info("A WebSocket was refused.",
              {{"remote", who.who().remote_address}, {"port", who.port()}, {"reason", why}});
}

void front_desk::arrived(visitor& who) {
    arrival client{who.take_socket(), std::move(who.who()), {}, false, who.take_received()};
    if (who.client_id) {
        client.assigned = who.client_id->empty();
        client.client_id =
            client.assigned ? rules_.assign_client_id(client.who) : std::move(*who.client_id);
    }
    remove(who);
    const auto home = home_of(client.client_id, shards_);  // before the client is moved from
    hand_over_(home, std::move(client));
}

void front_desk::leaving(visitor& who) {
    who.deadline = loop_.now() + linger_limit;
    leaving_.splice(leaving_.end(), arriving_, who.place);
    if (leaving_.size() > max_leaving) {
        gone(*leaving_.front());
    }
}

void front_desk::gone(visitor& who) {
    if (who.in_handshake()) {
        --in_handshake_;
    }
    who.drop();
    remove(who);
    sockets_.fetch_sub(1, std::memory_order_relaxed);
}

// Not destroyed at once: it may be what called.
void front_desk::remove(visitor& who) {
    gone_.splice(gone_.end(), who.is_leaving() ? leaving_ : arriving_, who.place);
}

void front_desk::expire() {
    while (!leaving_.empty() && leaving_.front()->deadline <= loop_.now()) {
        gone(*leaving_.front());
    }
    while (!arriving_.empty() && arriving_.front()->deadline <= loop_.now()) {
        auto& late = *arriving_.front();
        if (late.in_handshake()) {
            say_failed(late, "the client took too long");
        } else {
            log_.info("A client was too long without a CONNECT.",
                      {{"remote", late.who().remote_address}, {"port", late.port()}});
        }
        gone(late);
    }
}

void front_desk::turn_ends() {
    gone_.clear();
    auto next = mono_time::max();
    for (const auto* all : {&arriving_, &leaving_}) {
        if (!all->empty()) {
            next = std::min(next, all->front()->deadline);
        }
    }
    expiry_.at(next);
    for (const auto& each : ports_) {
        each->accepting(loop_.now() >= pause_until_ &&
                        !(each->settings().tls && in_handshake_ >= options_.max_handshakes));
    }
}

}  // namespace evergrass::mqtt
