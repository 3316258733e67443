#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace evergrass::cloud {

// One call of an AWS operation, after authentication, routing and validation against the model.
struct call {
    std::string access_key_id;
    std::string request_id;
    // Every member of the operation's input shape that the caller sent, from path, query, headers
    // and body alike, under the *member's* name in the model ("thingName", "GroupId"), with the
    // model's types: integers for integers, true/false for booleans, however they travelled.
    // Members that the model doesn't know and those that were null are left out. A timestamp is a
    // number of seconds since 1970; a blob inside the body stays the base64 text that it was
    // (checked).
    json::object input;
    // The bytes of a member that is the raw payload (Publish's payload, UpdateThingShadow's).
    std::string payload;
    // An access key's user, or the session of temporary credentials; for sts alone.
    std::string caller_arn{};
};

// A successful answer. `output` has the output shape's member names; the gateway puts each where
// the model says (body name, header, raw payload).
struct reply {
    json::object output;
    // 201 for Greengrass's creates (spec/cloud.md §1.1). Left at 200, it becomes what the model
    // says (Lambda's 201 and 204).
    int status = 200;
    // For an output member that is the raw payload. Where the model has no such member: the body
    // itself, JSON with the members' wire names, in place of `output`; for long answers.
    std::string payload{};
};

// An AWS error answer. `code` empty: no error type is sent, as for Greengrass's bare 404
// (spec/cloud.md §1.4). `extra` members join the body. `why` is for the log alone.
struct api_error {
    int status = 400;
    std::string code{};
    std::string message{};
    json::object extra{};
    std::string why{};
};

using api_result = boost::system::result<reply, api_error>;
[[noreturn]] void throw_exception_from_error(const api_error& e,
                                             const boost::source_location& where);

// An internal fault as an answer: 500 with the code that the service has for it; the caller gets no
// detail; the gateway logs `why`. A disk that is full or read-only is 503, and said so: nothing was
// written, and the same request may succeed later.
api_error internal_error(const error& why);
inline constexpr std::string_view internal_failure = "InternalFailure";

// Runs on a thread of the gateway's pool, several at once: state lives in the store.
using operation = std::function<api_result(const call&)>;

// What the service does, by service ("greengrass", "iot", "lambda" …) and operation name as in
// models/. An operation in the model without an entry answers 501 NotImplementedException that says
// so.
class operation_table {
public:
    void add(std::string_view service, std::string_view name, operation run) {
        table_[{std::string(service), std::string(name)}] = std::move(run);
    }
    const operation* find(std::string_view service, std::string_view name) const;

private:
    std::map<std::pair<std::string, std::string>, operation, std::less<>> table_;
};

}  // namespace evergrass::cloud
