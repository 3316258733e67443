#pragma once

#include "libs/base/log.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/mqtt/shard.hpp"
#include "libs/mqtt/visitor.hpp"
#include "libs/rt/reactor.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace evergrass::mqtt {

// The thread that takes connections: it carries out TLS handshakes and WebSocket upgrades, reads as
// far as the client id, and hands each client over to its home shard. So handshakes, which cost as
// much as thousands of messages, never hold up those who are connected.
class front_desk final : private visitor_host, private rt::reactor::host {
public:
    struct numbers {
        std::atomic<std::uint64_t> handshakes = 0;
        std::atomic<std::uint64_t> resumed = 0;
        std::atomic<std::uint64_t> failed = 0;
        std::atomic<std::uint64_t> refused = 0;
    };
    using hand_over = std::function<void(std::size_t shard, arrival)>;

    // `rules` gives ids to clients that have none. `sockets` counts all of the server's
    // connections.
    front_desk(const server_options& options, policy& rules, logger log, std::size_t shards,
               hand_over to_shard, std::atomic<std::size_t>& sockets);
    ~front_desk() override;

    void start();
    // Closes ports and visitors and ends the thread.
    void stop();

    // Any thread.
    result<std::uint16_t> listen(const listen_settings& where);
    void adopt(int socket, client_identity who, std::string received);
    const numbers& counted() const { return numbers_; }

private:
    class port;
    using visitors = std::list<std::unique_ptr<visitor>>;

    rt::reactor& loop() override { return loop_; }
    io_buffers& io() override { return io_; }
    void handshake_ended(visitor& who, const std::string& failure) override;
    void upgrade_refused(visitor& who, const std::string& why) override;
    void arrived(visitor& who) override;
    void leaving(visitor& who, bool in_handshake) override;
    void gone(visitor& who) override;

    // rt::reactor::host
    void turn_begins() override {}
    void turn_ends() override;

    void accept(port& at);
    visitors& list_of(const visitor& who);
    bool takes_handshakes() const;
    mono_time slowest_may_stay_until() const;
    void make_room_for_handshake();
    bool take_token();
    bool has_room(const std::string& remote);
    void welcome(int socket, const std::string& remote, const port& at);
    void receive(std::unique_ptr<visitor> fresh, std::string received);
    void say_failed(visitor& who, const std::string& why);
    void remove(visitor& who);
    void expire();
    void starve(int error, const port& at);
    // Accepts again at that time, or stops until then.
    void pause(mono_time until);

    const server_options& options_;
    policy& rules_;
    logger log_;
    const std::size_t shards_;
    const hand_over hand_over_;
    std::atomic<std::size_t>& sockets_;
    numbers numbers_;

    rt::reactor loop_;
    io_buffers io_;
    std::vector<std::unique_ptr<port>> ports_;
    // Each by deadline.
    visitors shaking_hands_;
    visitors arriving_;
    visitors leaving_;
    visitors gone_;      // to be destroyed when nothing of them is on the stack
    double tokens_ = 0;  // connections that may be accepted now, of connects_per_second
    mono_time tokens_at_{};
    bool starved_ = false;      // of descriptors, and the log says so
    mono_time pause_until_{};   // no accepting before
    mono_time refusal_said_{};  // in the log
    rt::timer expiry_;
    rt::timer resume_;
    std::thread thread_;
};

}  // namespace evergrass::mqtt
