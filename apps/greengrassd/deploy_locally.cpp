// The part of core that takes deployments from its own machine.
#include "apps/greengrassd/core.hpp"

#include <utility>

namespace evergrass::greengrassd {

boost::asio::awaitable<result<edge::deploy_reply>> core::deploy(edge::deploy_order order) {
    auto ended = co_await agent_.deploy_bundle(std::move(order.bundle), order.unsigned_too);
    if (!ended) {
        co_return ended.error();
    }
    edge::deploy_reply reply;
    reply.deployment_id = std::move(ended->deployment_id);
    reply.group_name = std::move(ended->group_name);
    reply.unchanged = ended->unchanged;
    reply.message = std::move(ended->message);
    for (auto& each : ended->details) {
        reply.details.push_back({std::move(each.part), std::move(each.reason)});
    }
    reply.group_cas = std::move(ended->group_cas);
    co_return reply;
}

}  // namespace evergrass::greengrassd
