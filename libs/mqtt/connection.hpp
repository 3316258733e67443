#pragma once

#include "libs/mqtt/channel.hpp"
#include "libs/mqtt/link.hpp"
#include "libs/mqtt/unfinished.hpp"
#include "libs/rt/reactor.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

class connection;

// The connections of one shard. Bytes that a link has for its client are written when flush() is
// called, at the end of a turn. One thread, that of `loop`.
class connection_set {
public:
    // How long a closed connection may take to read what was sent last, and how many may do so.
    static constexpr std::chrono::seconds linger_limit{2};
    static constexpr std::size_t max_lingering = 1'000;

    explicit connection_set(rt::reactor& loop);
    ~connection_set();

    // Makes the link of a connection that carries its bytes.
    using link_maker = std::function<std::unique_ptr<link>(link_owner&)>;
    // `received` has been read from the channel already. The socket is closed when the system
    // cannot watch it.
    void add(channel socket, std::string_view received, const link_maker& open);

    // Writes what this turn brought, and lets go of what has ended: how many that were.
    std::size_t flush();

    std::size_t size() const { return all_.size(); }
    rt::reactor& loop() { return loop_; }
    io_buffers& io() { return io_; }

private:
    friend class connection;

    rt::reactor& loop_;
    io_buffers io_;
    std::vector<std::unique_ptr<connection>> all_;
    std::vector<connection*> changed_;
    std::vector<connection*> flushing_;
    std::vector<connection*> ended_;
    std::size_t lingering_ = 0;
};

// One of them: what comes goes to its link, what the link has goes out, and, when the link is done,
// the connection is ended so that the client gets the last word: what is left is written, the
// transport's goodbye said, and then read away what the client still sends until it has closed too.
// Closing at once, with bytes of the client unread, would send a reset that overtakes all this.
class connection final : public link_owner, public rt::reactor::watcher {
public:
    connection(connection_set& home, channel socket);
    ~connection() override;

    // False: the system cannot watch the socket.
    bool start(std::string_view received, const connection_set::link_maker& open);

    // link_owner
    void changed() override;
    // rt::reactor::watcher
    void ready(bool readable, bool writable) override;

private:
    friend class connection_set;

    void read();
    channel::state read_small();
    channel::state read_large(std::size_t whole);
    std::string_view feed(std::string_view bytes);
    void keep(std::string_view bytes);
    void feed_rest();
    void flush();
    void write();
    void peer_ended();
    void begin_end();
    void linger();
    void arm_limit();
    void read_away();
    void end();

    connection_set& home_;
    channel channel_;
    rt::reactor::watch_id watch_ = 0;
    std::unique_ptr<link> link_;
    unfinished rest_;
    std::size_t announced_ = 0;         // bytes of the packet that `rest_` begins with; 0: unknown
    std::unique_ptr<rt::timer> limit_;  // of the end
    std::size_t index_ = 0;             // in connection_set::all_
    bool reading_ = true;               // as the loop knows
    bool held_ = false;                 // the link did not want what is in `rest_`
    bool listed_ = false;               // in connection_set::changed_
    bool blocked_ = false;              // until the socket is writable
    bool large_packets_ = false;        // one has come: larger reads are worth it
    bool ending_ = false;               // the link is done and gone
    bool lingering_ = false;            // all is written
    bool ended_ = false;
};

}  // namespace evergrass::mqtt
