#include "cloud/bus/libnats.hpp"

#include "libs/base/errors.hpp"

#include <array>
#include <dlfcn.h>
#include <string>

namespace evergrass::cloud {
namespace {

// Debian 12's and 13's names of it.
constexpr std::array libraries = {"libnats.so.3.4", "libnats.so.3", "libnats.so.3.9", "libnats.so"};

struct loaded {
    libnats functions;
    std::string missing;  // empty: none

    loaded() {
        // Never closed: its functions are used until the process ends.
        void* handle = nullptr;
        for (const auto* each : libraries) {
            handle = handle != nullptr ? handle : ::dlopen(each, RTLD_NOW | RTLD_LOCAL);
        }
        if (handle == nullptr) {
            missing = "no libnats.so.3.4 was found";
            return;
        }
        auto& f = functions;
        find(handle, "js_AddConsumer", f.js_AddConsumer);
        find(handle, "js_AddStream", f.js_AddStream);
        find(handle, "js_Consumers", f.js_Consumers);
        find(handle, "js_DirectGetMsg", f.js_DirectGetMsg);
        find(handle, "js_GetConsumerInfo", f.js_GetConsumerInfo);
        find(handle, "js_GetStreamInfo", f.js_GetStreamInfo);
        find(handle, "js_Subscribe", f.js_Subscribe);
        find(handle, "js_UpdateConsumer", f.js_UpdateConsumer);
        find(handle, "jsConsumerConfig_Init", f.jsConsumerConfig_Init);
        find(handle, "jsConsumerInfo_Destroy", f.jsConsumerInfo_Destroy);
        find(handle, "jsConsumerInfoList_Destroy", f.jsConsumerInfoList_Destroy);
        find(handle, "jsCtx_Destroy", f.jsCtx_Destroy);
        find(handle, "jsDirectGetMsgOptions_Init", f.jsDirectGetMsgOptions_Init);
        find(handle, "jsMsgMetaData_Destroy", f.jsMsgMetaData_Destroy);
        find(handle, "jsStreamConfig_Init", f.jsStreamConfig_Init);
        find(handle, "jsStreamInfo_Destroy", f.jsStreamInfo_Destroy);
        find(handle, "jsSubOptions_Init", f.jsSubOptions_Init);
        find(handle, "natsConnection_Close", f.natsConnection_Close);
        find(handle, "natsConnection_Connect", f.natsConnection_Connect);
        find(handle, "natsConnection_Destroy", f.natsConnection_Destroy);
        find(handle, "natsConnection_JetStream", f.natsConnection_JetStream);
        find(handle, "natsConnection_Publish", f.natsConnection_Publish);
        find(handle, "natsConnection_PublishMsg", f.natsConnection_PublishMsg);
        find(handle, "natsConnection_QueueSubscribe", f.natsConnection_QueueSubscribe);
        find(handle, "natsConnection_Subscribe", f.natsConnection_Subscribe);
        find(handle, "natsInbox_Create", f.natsInbox_Create);
        find(handle, "natsInbox_Destroy", f.natsInbox_Destroy);
        find(handle, "natsMsg_Create", f.natsMsg_Create);
        find(handle, "natsMsg_Destroy", f.natsMsg_Destroy);
        find(handle, "natsMsg_GetData", f.natsMsg_GetData);
        find(handle, "natsMsg_GetDataLength", f.natsMsg_GetDataLength);
        find(handle, "natsMsg_GetMetaData", f.natsMsg_GetMetaData);
        find(handle, "natsMsg_GetReply", f.natsMsg_GetReply);
        find(handle, "natsMsg_GetSequence", f.natsMsg_GetSequence);
        find(handle, "natsMsg_GetSubject", f.natsMsg_GetSubject);
        find(handle, "natsMsgHeader_Set", f.natsMsgHeader_Set);
        find(handle, "natsOptions_Create", f.natsOptions_Create);
        find(handle, "natsOptions_Destroy", f.natsOptions_Destroy);
        find(handle, "natsOptions_SetClosedCB", f.natsOptions_SetClosedCB);
        find(handle, "natsOptions_SetDisconnectedCB", f.natsOptions_SetDisconnectedCB);
        find(handle, "natsOptions_SetMaxPingsOut", f.natsOptions_SetMaxPingsOut);
        find(handle, "natsOptions_SetMaxReconnect", f.natsOptions_SetMaxReconnect);
        find(handle, "natsOptions_SetName", f.natsOptions_SetName);
        find(handle, "natsOptions_SetPingInterval", f.natsOptions_SetPingInterval);
        find(handle, "natsOptions_SetReconnectedCB", f.natsOptions_SetReconnectedCB);
        find(handle, "natsOptions_SetReconnectWait", f.natsOptions_SetReconnectWait);
        find(handle, "natsOptions_SetTimeout", f.natsOptions_SetTimeout);
        find(handle, "natsOptions_LoadCATrustedCertificates",
             f.natsOptions_LoadCATrustedCertificates);
        find(handle, "natsOptions_SetSecure", f.natsOptions_SetSecure);
        find(handle, "natsOptions_SetURL", f.natsOptions_SetURL);
        find(handle, "natsStatus_GetText", f.natsStatus_GetText);
        find(handle, "natsSubscription_Destroy", f.natsSubscription_Destroy);
        find(handle, "natsSubscription_SetOnCompleteCB", f.natsSubscription_SetOnCompleteCB);
        find(handle, "natsSubscription_SetPendingLimits", f.natsSubscription_SetPendingLimits);
        find(handle, "natsSubscription_Unsubscribe", f.natsSubscription_Unsubscribe);
    }

    template <class Function>
    void find(void* handle, const char* name, Function& into) {
        into = reinterpret_cast<Function>(::dlsym(handle, name));
        if (into == nullptr) {
            missing = std::string("it has no ") + name;
        }
    }
};

const loaded& once() {
    static const loaded here;
    return here;
}

}  // namespace

result<void> load_libnats() {
    if (!once().missing.empty()) {
        return error{errc::unavailable, "NATS's client library cannot be loaded: " +
                                            once().missing + "; install libnats3.4"};
    }
    return {};
}

const libnats& nats() {
    return once().functions;
}

}  // namespace evergrass::cloud
