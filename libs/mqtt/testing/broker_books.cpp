#include "libs/mqtt/testing/broker_books.hpp"

#include "libs/mqtt/broker_gather.hpp"
#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"
#include "libs/mqtt/testing/scripted_client.hpp"

#include <set>

namespace evergrass::mqtt::testing {
namespace {

using progress = session_journal::delivery::progress;

void require(bool agrees, const session& which, const char* what) {
    if (!agrees) {
        throw broken_rule("the books of " + which.info.id + ": " + what);
    }
}

void check_queue(const session& which, const server_options& limits) {
    std::size_t bytes = 0;
    std::set<std::uint16_t> ids;
    std::uint64_t order = 0;
    for (std::size_t i = 0; i < which.queue.size(); ++i) {
        const auto& one = which.queue[i];
        require(one.order > order && one.order <= which.last_order, which, "order");
        require(one.packet_id == session::packet_id_of(one.order), which, "identifier");
        require((one.state == progress::waiting) == (i >= which.sent), which, "sent");
        require(one.message || one.state != progress::waiting, which, "a message that waits");
        require(!one.message || one.state != progress::received, which, "a message too long");
        require(one.message || one.state == progress::received || !which.outlives_connection(),
                which, "a message that may be sent again");
        require(one.level != qos::at_most_once, which, "QoS");
        order = one.order;
        bytes += one.bytes;
        ids.insert(one.packet_id);
    }
    require(ids.size() == which.queue.size(), which, "identifiers");
    require(bytes == which.queued_bytes, which, "bytes");
    require(bytes <= limits.max_queued_bytes, which, "the bound of bytes");
    require(which.inflight <= which.sent && which.sent <= which.queue.size(), which, "under way");
}

}  // namespace

void broker_books::check(const broker& of, bool nothing_under_way) {
    const auto& shard = *of.implementation_;
    std::size_t filters = 0;
    std::size_t timers = 0;
    for (const auto& [id, each] : shard.sessions) {
        const auto& which = *each;
        require(id == which.info.id, which, "name");
        check_queue(which, shard.shared.options);
        require(which.link != nullptr || which.outlives_connection(), which, "life");
        require(which.link == nullptr || which.link->client_id() == id, which, "link");
        require(which.link != nullptr || which.inflight == 0, which, "under way to nobody");
        require(which.link == nullptr || which.inflight <= which.link->window(), which, "window");
        require(which.link == nullptr || (!which.expires_at && !which.will_due), which, "timers");
        require(which.delayed_will.has_value() == which.will_due.has_value(), which, "will");
        std::size_t shares = 0;
        for (const auto& [filter, held] : which.subscriptions) {
            const auto share = parse_shared_filter(filter);
            shares += share && *share ? 1 : 0;
        }
        require(shares == which.shared_subscriptions, which, "shares");
        filters += which.subscriptions.size() - shares;
        timers += (which.expires_at ? 1U : 0U) + (which.will_due ? 1U : 0U);
    }
    for (const auto& timer : shard.timers) {
        timers += timer.kind == broker::implementation::timer_kind::silence ? 1 : 0;
    }
    if (filters != shard.tree.size() || filters != shard.shared.subscriptions[shard.shard]) {
        throw broken_rule("the books of subscriptions");
    }
    if (nothing_under_way && (!shard.gatherings.empty() || !shard.in_gathering.empty())) {
        throw broken_rule("the books of what several shards deliver");
    }
    if (timers != shard.timers.size() || shard.timers.size() > 2 * shard.sessions.size()) {
        throw broken_rule("the books of timers");
    }
}

}  // namespace evergrass::mqtt::testing
