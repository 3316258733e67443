#include "cloud/iot/fleet_provisioning.hpp"

#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/provision_thing.hpp"
#include "cloud/iot/provisioning_records.hpp"
#include "libs/cbor/cbor.hpp"
#include "libs/pki/pki.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace evergrass::cloud {
namespace {

// A device that waits longer has given up.
constexpr int most_waiting = 64;

api_error refusal(int status, const char* code, std::string message) {
    return {status, code, std::move(message), {}, {}};
}

answer<json::object> body_of(iot::payload_format format, std::string_view payload) {
    const bool is_json = format == iot::payload_format::json;
    auto value = is_json ? parse_json(payload) : parse_cbor(payload);
    if (!value || !value->is_object()) {
        return refusal(400, "InvalidPayload",
                       std::string("The payload must be ") +
                           (is_json ? "a JSON object" : "a CBOR map") +
                           (value ? std::string() : ": " + value.error().context) + ".");
    }
    return std::move(value->get_object());
}

std::string text_of(iot::payload_format format, const json::object& body) {
    return format == iot::payload_format::json ? json::serialize(body) : to_cbor(body);
}

std::string_view name_of(iot::fleet_operation what) {
    switch (what) {
        case iot::fleet_operation::create_keys:
            return "CreateKeysAndCertificate";
        case iot::fleet_operation::create_from_csr:
            return "CreateCertificateFromCsr";
        case iot::fleet_operation::provision:
            return "RegisterThing";
    }
    return "";
}

// Codes of the API end with "Exception", those of MQTT don't.
std::string device_code(std::string code) {
    constexpr std::string_view ending = "Exception";
    if (code.ends_with(ending)) {
        code.resize(code.size() - ending.size());
    }
    return code.empty() ? "InternalFailure" : code;
}

}  // namespace

bool request_rate::take(mono_time now) {
    const auto since = std::chrono::duration<double>(now - last_).count();
    left_ = std::min(per_second_, left_ + since * per_second_);
    last_ = now;
    if (left_ < 1) {
        return false;
    }
    left_ -= 1;
    return true;
}

struct fleet_provisioning::waiting_request {
    iot::fleet_request what;
    std::string topic;
    std::string payload;
    std::string requester;  // client id
    mqtt::receipt pending;
};

fleet_provisioning::fleet_provisioning(registry& in, sayer say, logger log)
    : in_(in), say_(std::move(say)), log_(std::move(log)) {}

fleet_provisioning::~fleet_provisioning() {
    stop();
}

void fleet_provisioning::stop() {
    work_.join();
}

bool fleet_provisioning::has_room(iot::fleet_operation what) {
    const std::lock_guard hold(mutex_);
    const auto rate = rates_.try_emplace(what, requests_a_second).first;
    return rate->second.take(std::chrono::steady_clock::now());
}

void fleet_provisioning::refuse(const waiting_request& asked, const api_error& why) {
    const bool fault = why.status >= 500;
    log_.write(fault ? log_level::error : log_level::warn, "A device was not provisioned.",
               {{"operation", name_of(asked.what.what)},
                {"clientId", asked.requester},
                {"template", asked.what.template_name},
                {"reason", fault ? why.why : why.message}});
    say_(asked.topic + "/rejected",
         text_of(asked.what.format,
                 {{"statusCode", why.status},
                  {"errorCode", device_code(why.code)},
                  {"errorMessage", fault ? std::string("Internal failure.") : why.message}}),
         asked.pending, asked.requester);
}

void fleet_provisioning::deliver(const mqtt::publication& message, const mqtt::receipt& pending) {
    auto topic = iot::parse_fleet_topic(message.topic());
    if (!topic) {
        return;
    }
    if (message.source().empty()) {
        // Published over HTTP: there is no client to answer, and the answer, which may hold a key,
        // must not go to whoever has subscribed.
        log_.warn("A request of fleet provisioning came over HTTP; it is dropped.",
                  {{"topic", message.topic()}});
        return;
    }
    auto asked = std::make_shared<waiting_request>();
    asked->what = std::move(*topic);
    asked->topic = message.topic();
    asked->payload = message.payload();
    asked->requester = message.source();
    asked->pending = pending;
    const bool crowded = waiting_.fetch_add(1) >= most_waiting;
    const bool refused = crowded || !has_room(asked->what.what);
    // A refusal is said from there too: this thread is MQTT's and holds what saying it needs.
    boost::asio::post(work_, [this, asked, refused] {
        waiting_.fetch_sub(1);
        if (refused) {
            refuse(*asked,
                   refusal(429, "Throttling", "Too many requests at once; ask again in a second."));
            return;
        }
        const auto done = answer_now(asked->what, asked->payload);
        if (!done) {
            refuse(*asked, done.error());
            return;
        }
        say_(asked->topic + "/accepted", text_of(asked->what.format, done->output), asked->pending,
             asked->requester);
    });
}

api_result fleet_provisioning::answer_now(const iot::fleet_request& asked,
                                          std::string_view payload) {
    switch (asked.what) {
        case iot::fleet_operation::create_keys:
            return create_keys();
        case iot::fleet_operation::create_from_csr:
            return create_from_csr(asked, payload);
        case iot::fleet_operation::provision:
            return provision(asked, payload);
    }
    return refusal(400, "InvalidPayload", "Unknown operation.");
}

api_result fleet_provisioning::create_certificate(const std::string& public_key_pem,
                                                  const std::string& common_name,
                                                  const std::string& private_key_pem) {
    const auto issued = iot::issue_device_certificate(in_, common_name, public_key_pem);
    if (!issued) {
        return issued.error();
    }
    return in_transaction(in_.state, [&]() -> api_result {
        if (auto failed = iot::forget_expired_ownership(in_)) {
            return *failed;
        }
        const auto id = iot::insert_certificate(in_, issued->pem, "PENDING_ACTIVATION");
        if (!id) {
            return id.error();
        }
        const auto token = iot::give_ownership(in_, *id);
        if (!token) {
            return token.error();
        }
        json::object said = {{"certificateId", *id},
                             {"certificatePem", issued->pem},
                             {"certificateOwnershipToken", *token}};
        if (!private_key_pem.empty()) {
            said["privateKey"] = private_key_pem;
        }
        return reply{std::move(said)};
    });
}

// AWS's answer is the same whatever the payload is.
api_result fleet_provisioning::create_keys() {
    const auto private_key = in_.new_rsa_key();
    const auto public_key = pki::public_key_of(private_key);
    if (!public_key) {
        return internal_error(public_key.error());
    }
    return create_certificate(*public_key, "", private_key);
}

api_result fleet_provisioning::create_from_csr(const iot::fleet_request& asked,
                                               std::string_view payload) {
    const auto body = body_of(asked.format, payload);
    if (!body) {
        return body.error();
    }
    const auto pem = string_member(*body, "certificateSigningRequest");
    if (!pem) {
        return refusal(400, "InvalidPayload", "certificateSigningRequest is missing.");
    }
    const auto csr = pki::read_csr(*pem);
    if (!csr) {
        return refusal(400, "InvalidCertificateSigningRequest",
                       "Invalid certificate signing request: " + csr.error().message());
    }
    return create_certificate(csr->public_key_pem, csr->common_name, "");
}

api_result fleet_provisioning::provision(const iot::fleet_request& asked,
                                         std::string_view payload) {
    const auto& template_name = asked.template_name;
    const auto body = body_of(asked.format, payload);
    if (!body) {
        return body.error();
    }
    const auto token = string_member(*body, "certificateOwnershipToken").value_or("");
    if (token.empty()) {
        return refusal(400, "InvalidCertificateOwnershipToken",
                       "Certificate ownership token cannot be empty.");
    }
    const auto* given = body->if_contains("parameters");
    if (given != nullptr && !given->is_null() && !given->is_object()) {
        return refusal(400, "InvalidParameters", "parameters must be an object.");
    }
    const auto parameters =
        given != nullptr && given->is_object() ? given->get_object() : json::object();
    bool made = false;
    std::string certificate_id;
    auto done = in_transaction(in_.state, [&]() -> api_result {
        const auto wanted = iot::find_provisioning_template(in_, template_name);
        if (!wanted) {
            return wanted.error();
        }
        if (!*wanted) {
            return refusal(404, "ResourceNotFound",
                           "There is no provisioning template " + template_name + ".");
        }
        if (!(**wanted).enabled || (**wanted).type != "FLEET_PROVISIONING") {
            return refusal(403, "AccessDenied",
                           "The provisioning template " + template_name + " is not enabled.");
        }
        const auto owned = iot::find_ownership(in_, token);
        if (!owned) {
            return owned.error();
        }
        if (!*owned) {
            return refusal(400, "InvalidCertificateOwnershipToken",
                           "The certificate ownership token is unknown or older than an hour.");
        }
        // The answer of a device that asks again because it missed it; nothing is made anew, as the
        // owner may have changed it since.
        if ((**owned).used_for) {
            auto said = parse_json((**owned).answer.value_or(""));
            if ((**owned).used_for != template_name || !said || !said->is_object()) {
                return refusal(400, "InvalidCertificateOwnershipToken",
                               "The certificate ownership token was used already.");
            }
            return reply{std::move(said->get_object())};
        }
        const auto certificate = iot::find_certificate(in_, (**owned).certificate_id);
        if (!certificate) {
            return certificate.error();
        }
        if (!*certificate || (**certificate).status != "PENDING_ACTIVATION") {
            return refusal(400, "InvalidCertificateOwnershipToken",
                           "The certificate no longer waits to be activated.");
        }
        const auto version =
            iot::require_template_version(in_, template_name, (**wanted).default_version);
        if (!version) {
            return version.error();
        }
        const auto text = iot::parse_provisioning_template(version->body);
        if (!text) {
            return internal_error(text.error());
        }
        const auto plan = iot::plan_provisioning(
            *text, parameters,
            {{std::string(iot::certificate_id_parameter), (**owned).certificate_id}});
        if (!plan) {
            return refusal(400, "InvalidParameters", plan.error().context + ".");
        }
        const auto outcome = iot::carry_out(in_, *plan);
        if (!outcome) {
            return outcome.error();
        }
        certificate_id = outcome->certificate_id;
        json::object said = {{"deviceConfiguration", plan->device_configuration}};
        if (!outcome->thing_name.empty()) {
            said["thingName"] = outcome->thing_name;
        }
        if (auto failed = iot::write(in_, "iot.use_ownership",
                                     "UPDATE certificate_ownership SET used_for = ?2, answer = ?3"
                                     " WHERE token = ?1",
                                     {(**owned).token, template_name, json::serialize(said)})) {
            return *failed;
        }
        made = true;
        return reply{std::move(said)};
    });
    if (made && done) {
        if (certificate_id.empty()) {
            in_.changes.changed();
        } else {
            in_.changes.certificate_changed(certificate_id);  // it is ACTIVE now, and the thing's
        }
        in_.changes.things_changed();
        log_.info("A device was provisioned.",
                  {{"template", template_name},
                   {"thing", string_member(done->output, "thingName").value_or("")}});
    }
    return done;
}

}  // namespace evergrass::cloud
