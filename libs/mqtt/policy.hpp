#pragma once

#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

// Who is at the other end, as the connection tells.
struct client_identity {
    std::string remote_address;                 // "127.0.0.1:51234", for logs and limits
    std::optional<std::string> certificate_id;  // SHA-256 of the DER in hex; none: no certificate
    bool websocket = false;
    std::shared_ptr<const void> attachment;  // what the one who handed the connection over knows
};

// A client that a policy has admitted. Lives as long as its session, over its connections.
struct client_info {
    std::string id;
    protocol_version version = protocol_version::v3_1_1;
    client_identity identity;       // of the last connection
    std::shared_ptr<void> context;  // the policy's own, from admission
};

struct admission {
    reason code = reason::success;  // a failure: CONNACK with it, and the connection is closed
    std::shared_ptr<void> context;
    // The session may live no longer than so after its connection; told to 5.0 clients.
    std::uint32_t max_session_expiry = 0xFFFF'FFFF;
};

// What becomes of a PUBLISH before it is routed.
struct publish_verdict {
    enum class action {
        route,
        acknowledge,  // dropped; the acknowledgement has `code` (3.1.1: as if all were well)
        disconnect,   // with `code`
    } what = action::route;
    reason code = reason::success;
};

// A target besides MQTT clients: a function's queue, the cloud's. Any shard's thread.
class external_target {
public:
    virtual ~external_target() = default;
    // Takes the message, or drops and counts it. Whoever takes it on another thread, or has to
    // save it first, keeps a copy of `pending` until that is done.
    virtual void deliver(const publication& message, const receipt& pending) = 0;
};

// Why a client did not get a message that was for it.
enum class loss : std::uint8_t {
    not_connected,     // no connection, and no session that waits for it
    not_subscribed,    // a target by the policy's table, but none of its filters match
    queue_full,        // its queue's bytes, or the 65,535 packet identifiers
    session_ended,     // while it waited
    expired,           // message expiry
    packet_too_large,  // for the client's Maximum Packet Size
    not_permitted,     // the right to receive it was taken away while it waited
    not_stored,        // the journal refused it: the disk is full
};
// "queue full" ...
std::string_view to_string(loss why);

// Where policy::resolve() says who gets what is published to one topic by one source. The answer is
// kept and used for more messages until generation() or a subscription changes.
class route_builder {
public:
    virtual ~route_builder() = default;
    // All clients with a filter that matches, on every shard, of those that may_receive().
    virtual void subscribers() = 0;
    // This client, if a filter of its own matches; lost as not_connected or not_subscribed if not.
    // `marks`: numbers of the policy's own, which routed() is told where the client's session is.
    virtual void client(std::string_view client_id, std::span<const std::uint32_t> marks) = 0;
    virtual void external(std::shared_ptr<external_target> target) = 0;
    // The acknowledgement's code where nobody gets the message. Without: success, or
    // no_matching_subscribers when nobody was named.
    virtual void nobody(reason code) = 0;
    // This shard is asked on behalf of another one's publisher: only subscribers() and client()
    // count, others were served there.
    virtual bool forwarded() const = 0;
};

// What the owner of a server decides. Every member may be called on any shard's thread, several at
// once, and must neither block nor call the server back. Views are valid in the call only.
class policy {
public:
    virtual ~policy() = default;

    // For a client that sends none, or a 5.0 one. Also called on the thread that takes connections.
    virtual std::string assign_client_id(const client_identity& who);
    // CONNECT. `client_id` is what the client sent or was assigned.
    virtual admission admit(const client_identity& who, std::string_view client_id,
                            const connect_packet& packet) = 0;
    // After CONNACK with success was queued / after its last word. `clean`: by DISCONNECT.
    virtual void connected(const client_info& who, bool session_present);
    virtual void disconnected(const client_info& who, bool clean, std::string_view why);

    // Topic and size limits have been checked. Also asked of wills when they are published.
    virtual publish_verdict may_publish(const client_info& from, const publish_view& message) = 0;
    // `filter` without "$share/NAME/". The granted QoS as a reason, or a failure.
    virtual reason may_subscribe(const client_info& who, std::string_view filter,
                                 const subscription_options& wanted, bool shared) = 0;
    // What a SUBSCRIBE or UNSUBSCRIBE changed, before it is answered: filters as the client wrote
    // them, those that were granted and those that had been there. Not called for none.
    virtual void subscribed(const client_info& who, std::span<const std::string_view> filters);
    virtual void unsubscribed(const client_info& who, std::span<const std::string_view> filters);
    // May this client have what `source` published? Asked when subscribers() is resolved, for
    // retained messages, and again for what waited in a queue when generation() has changed.
    virtual bool may_receive(const client_info& who, std::string_view source,
                             std::string_view topic) = 0;
    // Who gets it. `from` is null when it came by server::publish, with its `source`.
    virtual void resolve(const client_info* from, std::string_view source, std::string_view topic,
                         route_builder& to) = 0;
    // Changes whenever may_receive() or resolve() may answer otherwise than before. Read for each
    // message: an atomic load.
    virtual std::uint64_t generation() const = 0;

    // A message was not delivered. Not called for clients that nobody named (subscribers()).
    // Without a client id (not_stored): it was delivered, but is not retained.
    virtual void lost(loss why, std::string_view source, std::string_view topic,
                      std::string_view client_id);
    // `clients` of them have got this one, into their queue or socket; 0 for none. `marks`: of the
    // clients that were named and have a filter for it, those too whose queue was full; of those
    // that share a filter, of the one whose turn it was.
    virtual void routed(std::string_view source, const client_info* from, std::size_t clients,
                        std::span<const std::uint32_t> marks);
};

}  // namespace evergrass::mqtt
