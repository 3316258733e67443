#pragma once

#include "libs/mqtt/broker.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/session_journal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::mqtt {

// A QoS 2 message of a kept session that has receivers on several shards. Who gets it, and that it
// has come, has to be one record: with two, a crash between them would lose the message for some
// (its publisher is told that it is here already), or let others have it twice. So each shard puts
// the message into its sessions' queues and says here what the record should say of them; the shard
// of the publisher writes it when all have, and nobody is sent anything before it is saved.
struct gathered_message {
    message_ptr what;

    // Of the publisher's shard, on its thread.
    std::string from;  // client id; empty: its session has ended, or PUBREL came
    std::uint16_t packet_id = 0;
    std::vector<receipt> pending;  // until the record is saved

    // Any thread, with the lock.
    std::mutex mutex;
    std::vector<session_journal::delivery> deliveries;
    std::vector<std::size_t> shards;  // that wait for the outcome
    bool written = false;
    std::optional<session_journal::sequence> saved_as;  // written and not: the journal refused it
};

// While a copy lives, a shard has not yet had its say. Any thread may have the last one.
struct gathering {
    gathering(shard_mesh& m, std::size_t of_publisher, std::shared_ptr<gathered_message> into)
        : mesh(m), shard(of_publisher), message(std::move(into)) {}
    ~gathering() {
        mesh.post(shard, [all = message](broker& home) { home.write_gathered(all); });
    }
    gathering(const gathering&) = delete;
    gathering& operator=(const gathering&) = delete;

    shard_mesh& mesh;
    const std::size_t shard;
    const std::shared_ptr<gathered_message> message;
};

}  // namespace evergrass::mqtt
