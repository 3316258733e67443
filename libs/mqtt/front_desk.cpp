#include "libs/mqtt/front_desk.hpp"

#include "libs/rt/listen_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <sys/resource.h>
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

// While others wait for a place, a handshake gets this part of its time.
constexpr int part_of_patience = 5;

// Where processors are few, those who are connected come before those who want to be.
constexpr int nicer_by = 5;

void yield_to_others() {
    const auto thread = static_cast<id_t>(gettid());
    setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + nicer_by);
}

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
    thread_ = std::thread([this] {
        yield_to_others();
        loop_.run();
    });
}

void front_desk::stop() {
    loop_.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    ports_.clear();
    gone_.clear();
    for (auto* all : {&shaking_hands_, &arriving_, &leaving_}) {
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
        if (loop_.now() < pause_until_ || (at.settings().tls && !takes_handshakes()) ||
            !take_token()) {
            return;
        }
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int socket = accept4(at.socket(), reinterpret_cast<sockaddr*>(&address), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            starved_ = false;
            if (at.settings().tls) {
                make_room_for_handshake();
            }
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
    auto& list = list_of(it);
    it.place = list.insert(list.end(), std::move(fresh));
    if (!it.start(std::move(received))) {
        gone(it);
    }
}

// --- what becomes of visitors -------------------------------------------------------------------

front_desk::visitors& front_desk::list_of(const visitor& who) {
    return who.is_leaving() ? leaving_ : who.in_handshake() ? shaking_hands_ : arriving_;
}

// So many at once; and the slowest has to go when others wait, or those who say nothing would keep
// all others out.
bool front_desk::takes_handshakes() const {
    return shaking_hands_.size() < options_.max_handshakes ||
           slowest_may_stay_until() <= loop_.now();
}

mono_time front_desk::slowest_may_stay_until() const {
    if (shaking_hands_.empty()) {
        return mono_time::max();
    }
    const auto begun = shaking_hands_.front()->deadline - options_.connect_timeout;
    return begun + options_.connect_timeout / part_of_patience;
}

void front_desk::make_room_for_handshake() {
    if (shaking_hands_.size() >= options_.max_handshakes) {
        auto& slowest = *shaking_hands_.front();
        say_failed(slowest, "the client took too long, and others waited");
        gone(slowest);
    }
}

void front_desk::handshake_ended(visitor& who, const std::string& failure) {
    if (failure.empty()) {
        ++numbers_.handshakes;
        numbers_.resumed += who.resumed() ? 1 : 0;
        auto before = arriving_.end();
        while (before != arriving_.begin() && (*std::prev(before))->deadline > who.deadline) {
            --before;
        }
        arriving_.splice(before, shaking_hands_, who.place);
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

void front_desk::leaving(visitor& who, bool in_handshake) {
    auto& from = in_handshake ? shaking_hands_ : arriving_;
    who.deadline = loop_.now() + linger_limit;
    leaving_.splice(leaving_.end(), from, who.place);
    if (leaving_.size() > max_leaving) {
        gone(*leaving_.front());
    }
}

void front_desk::gone(visitor& who) {
    who.drop();
    remove(who);
    sockets_.fetch_sub(1, std::memory_order_relaxed);
}

// Not destroyed at once: it may be what called.
void front_desk::remove(visitor& who) {
    gone_.splice(gone_.end(), list_of(who), who.place);
}

void front_desk::expire() {
    const auto is_late = [&](const visitors& all) {
        return !all.empty() && all.front()->deadline <= loop_.now();
    };
    while (is_late(leaving_)) {
        gone(*leaving_.front());
    }
    while (is_late(shaking_hands_)) {
        say_failed(*shaking_hands_.front(), "the client took too long");
        gone(*shaking_hands_.front());
    }
    while (is_late(arriving_)) {
        auto& late = *arriving_.front();
        log_.info("A client was too long without a CONNECT.",
                  {{"remote", late.who().remote_address}, {"port", late.port()}});
        gone(late);
    }
}

void front_desk::turn_ends() {
    gone_.clear();
    auto next = mono_time::max();
    for (const auto* all : {&shaking_hands_, &arriving_, &leaving_}) {
        if (!all->empty()) {
            next = std::min(next, all->front()->deadline);
        }
    }
    const bool full = !takes_handshakes();
    expiry_.at(full ? std::min(next, slowest_may_stay_until()) : next);
    for (const auto& each : ports_) {
        each->accepting(loop_.now() >= pause_until_ && !(each->settings().tls && full));
    }
}

}  // namespace evergrass::mqtt
