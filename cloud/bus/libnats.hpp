#pragma once

#include "libs/base/result.hpp"

#include <nats/nats.h>

namespace evergrass::cloud {

// The client library of NATS, loaded when it is first asked for: a service without a bus needs
// none. Only this folder includes it. Any thread.
struct libnats {
    decltype(&::js_AddConsumer) js_AddConsumer = nullptr;
    decltype(&::js_AddStream) js_AddStream = nullptr;
    decltype(&::js_Consumers) js_Consumers = nullptr;
    decltype(&::js_DirectGetMsg) js_DirectGetMsg = nullptr;
    decltype(&::js_GetConsumerInfo) js_GetConsumerInfo = nullptr;
    decltype(&::js_GetStreamInfo) js_GetStreamInfo = nullptr;
    decltype(&::js_Subscribe) js_Subscribe = nullptr;
    decltype(&::js_UpdateConsumer) js_UpdateConsumer = nullptr;
    decltype(&::jsConsumerConfig_Init) jsConsumerConfig_Init = nullptr;
    decltype(&::jsConsumerInfo_Destroy) jsConsumerInfo_Destroy = nullptr;
    decltype(&::jsConsumerInfoList_Destroy) jsConsumerInfoList_Destroy = nullptr;
    decltype(&::jsCtx_Destroy) jsCtx_Destroy = nullptr;
    decltype(&::jsDirectGetMsgOptions_Init) jsDirectGetMsgOptions_Init = nullptr;
    decltype(&::jsMsgMetaData_Destroy) jsMsgMetaData_Destroy = nullptr;
    decltype(&::jsStreamConfig_Init) jsStreamConfig_Init = nullptr;
    decltype(&::jsStreamInfo_Destroy) jsStreamInfo_Destroy = nullptr;
    decltype(&::jsSubOptions_Init) jsSubOptions_Init = nullptr;
    decltype(&::natsConnection_Close) natsConnection_Close = nullptr;
    decltype(&::natsConnection_Connect) natsConnection_Connect = nullptr;
    decltype(&::natsConnection_Destroy) natsConnection_Destroy = nullptr;
    decltype(&::natsConnection_JetStream) natsConnection_JetStream = nullptr;
    decltype(&::natsConnection_Publish) natsConnection_Publish = nullptr;
    decltype(&::natsConnection_PublishMsg) natsConnection_PublishMsg = nullptr;
    decltype(&::natsConnection_QueueSubscribe) natsConnection_QueueSubscribe = nullptr;
    decltype(&::natsConnection_Subscribe) natsConnection_Subscribe = nullptr;
    decltype(&::natsInbox_Create) natsInbox_Create = nullptr;
    decltype(&::natsInbox_Destroy) natsInbox_Destroy = nullptr;
    decltype(&::natsMsg_Create) natsMsg_Create = nullptr;
    decltype(&::natsMsg_Destroy) natsMsg_Destroy = nullptr;
    decltype(&::natsMsg_GetData) natsMsg_GetData = nullptr;
    decltype(&::natsMsg_GetDataLength) natsMsg_GetDataLength = nullptr;
    decltype(&::natsMsg_GetMetaData) natsMsg_GetMetaData = nullptr;
    decltype(&::natsMsg_GetReply) natsMsg_GetReply = nullptr;
    decltype(&::natsMsg_GetSequence) natsMsg_GetSequence = nullptr;
    decltype(&::natsMsg_GetSubject) natsMsg_GetSubject = nullptr;
    decltype(&::natsMsgHeader_Set) natsMsgHeader_Set = nullptr;
    decltype(&::natsOptions_Create) natsOptions_Create = nullptr;
    decltype(&::natsOptions_Destroy) natsOptions_Destroy = nullptr;
    decltype(&::natsOptions_SetClosedCB) natsOptions_SetClosedCB = nullptr;
    decltype(&::natsOptions_SetDisconnectedCB) natsOptions_SetDisconnectedCB = nullptr;
    decltype(&::natsOptions_SetMaxPingsOut) natsOptions_SetMaxPingsOut = nullptr;
    decltype(&::natsOptions_SetMaxReconnect) natsOptions_SetMaxReconnect = nullptr;
    decltype(&::natsOptions_SetName) natsOptions_SetName = nullptr;
    decltype(&::natsOptions_SetPingInterval) natsOptions_SetPingInterval = nullptr;
    decltype(&::natsOptions_SetReconnectedCB) natsOptions_SetReconnectedCB = nullptr;
    decltype(&::natsOptions_SetReconnectWait) natsOptions_SetReconnectWait = nullptr;
    decltype(&::natsOptions_SetTimeout) natsOptions_SetTimeout = nullptr;
    decltype(&::natsOptions_LoadCATrustedCertificates) natsOptions_LoadCATrustedCertificates =
        nullptr;
    decltype(&::natsOptions_SetSecure) natsOptions_SetSecure = nullptr;
    decltype(&::natsOptions_SetURL) natsOptions_SetURL = nullptr;
    decltype(&::natsStatus_GetText) natsStatus_GetText = nullptr;
    decltype(&::natsSubscription_Destroy) natsSubscription_Destroy = nullptr;
    decltype(&::natsSubscription_SetOnCompleteCB) natsSubscription_SetOnCompleteCB = nullptr;
    decltype(&::natsSubscription_SetPendingLimits) natsSubscription_SetPendingLimits = nullptr;
    decltype(&::natsSubscription_Unsubscribe) natsSubscription_Unsubscribe = nullptr;
};

// errc::unavailable: it is not installed. All else of libnats comes after a success.
result<void> load_libnats();
const libnats& nats();

}  // namespace evergrass::cloud
