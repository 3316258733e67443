#pragma once

#include "cloud/bus/libnats.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

// What the files that speak NATS share: its objects with an owner, and its errors.
namespace evergrass::cloud {

struct end_connection {
    void operator()(natsConnection* it) const { nats().natsConnection_Destroy(it); }
};
struct end_options {
    void operator()(natsOptions* it) const { nats().natsOptions_Destroy(it); }
};
struct end_context {
    void operator()(jsCtx* it) const { nats().jsCtx_Destroy(it); }
};
struct end_message {
    void operator()(natsMsg* it) const { nats().natsMsg_Destroy(it); }
};
struct end_info {
    void operator()(jsStreamInfo* it) const { nats().jsStreamInfo_Destroy(it); }
    void operator()(jsConsumerInfo* it) const { nats().jsConsumerInfo_Destroy(it); }
    void operator()(jsConsumerInfoList* it) const { nats().jsConsumerInfoList_Destroy(it); }
};
struct end_subscription {
    void operator()(natsSubscription* it) const {
        nats().natsSubscription_Unsubscribe(it);
        nats().natsSubscription_Destroy(it);
    }
};
using message_handle = std::unique_ptr<natsMsg, end_message>;
using info_handle = std::unique_ptr<jsStreamInfo, end_info>;
using consumer_handle = std::unique_ptr<jsConsumerInfo, end_info>;
using subscription_handle = std::unique_ptr<natsSubscription, end_subscription>;

inline error nats_failed(const std::string& what, natsStatus status) {
    return {errc::unavailable, what + ": " + nats().natsStatus_GetText(status)};
}

inline std::string_view bytes_of(const natsMsg* message) {
    return {nats().natsMsg_GetData(message),
            static_cast<std::size_t>(nats().natsMsg_GetDataLength(message))};
}

}  // namespace evergrass::cloud
