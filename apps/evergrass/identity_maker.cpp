#include "apps/evergrass/identity_maker.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t mqtt_port = 8883;  // what an endpoint without a port means
constexpr std::uint16_t https_port = 443;

error already_there(const std::string& what, const std::string& name) {
    return {errc::conflict, "The service has a " + what + " '" + name +
                                "' already. Choose another name, or use it as it is with --force"};
}

result<host_port> parse_endpoint(const std::string& text, std::uint16_t standard_port) {
    const bool has_port = text.find(':') != std::string::npos && !text.ends_with(']');
    auto found = parse_host_port(has_port ? text : text + ":" + std::to_string(standard_port));
    return found ? found : with_context(found.error(), "DescribeEndpoint answered '" + text + "'");
}

asio::awaitable<result<host_port>> ask_endpoint(api_client& api, std::string type,
                                                std::uint16_t standard_port) {
    api_call ask{"DescribeEndpoint", "iot", "GET", "/endpoint?endpointType=" + type};
    const auto told = co_await api.call(std::move(ask));
    if (!told) {
        co_return told.error();
    }
    const auto address = string_member(*told, "endpointAddress");
    if (!address) {
        co_return error{errc::invalid_input, "DescribeEndpoint answered without endpointAddress"};
    }
    co_return parse_endpoint(*address, standard_port);
}

}  // namespace

asio::awaitable<result<device_endpoints>> ask_endpoints(api_client& api) {
    auto mqtt = co_await ask_endpoint(api, "iot%3AData-ATS", mqtt_port);
    if (!mqtt) {
        co_return mqtt.error();
    }
    auto https = co_await ask_endpoint(api, "iot%3AJobs", https_port);
    if (!https) {
        co_return https.error();
    }
    co_return device_endpoints{std::move(*mqtt), std::move(*https)};
}

identity_maker::identity_maker(api_client& api, identity_record& record,
                               std::filesystem::path record_file, progress& shown)
    : api_(api), record_(record), record_file_(std::move(record_file)), progress_(shown) {}

result<void> identity_maker::note(made_item item) {
    record_.made.push_back(std::move(item));
    return save();
}

asio::awaitable<result<made_identity>> identity_maker::make(identity_wish wanted) {
    progress_.begin("thing", "making the thing");
    const auto arn = co_await make_thing(wanted.name, wanted.use_existing);
    if (!arn) {
        co_return arn.error();
    }
    progress_.done(wanted.name);
    // The policy before the certificate: undone from the end, it is attached to nothing any more.
    progress_.begin("policy", "making the policy");
    const auto policy = wanted.name + "-policy";
    auto done = co_await make_policy(policy, wanted.policy(*arn), wanted.use_existing);
    if (!done) {
        co_return done.error();
    }
    progress_.done(policy);
    progress_.begin("certificate", "making key and certificate");
    auto made = co_await make_certificate(wanted.name, std::move(wanted.csr_pem));
    if (!made) {
        co_return made.error();
    }
    made->thing_arn = *arn;
    done = co_await attach_and_activate(wanted.name, policy, made->certificate_arn);
    if (!done) {
        co_return done.error();
    }
    constexpr std::size_t shown_digits = 10;  // as AWS names its downloads
    const auto id = made->certificate_arn.substr(made->certificate_arn.find('/') + 1);
    progress_.done(id.substr(0, shown_digits) +
                   (made->key_pem.empty() ? ", of the CSR" : ", its key made here"));
    co_return made;
}

asio::awaitable<result<std::string>> identity_maker::make_thing(std::string name,
                                                                bool use_existing) {
    api_call ask{"DescribeThing", "iot", "GET", "/things/" + name};
    const auto there = co_await api_.call(std::move(ask));
    if (there) {
        if (!use_existing) {
            co_return already_there("thing", name);
        }
        co_return string_member(*there, "thingArn").value_or("");
    }
    if (there.error().code != errc::not_found) {
        co_return there.error();
    }
    if (auto noted = note({made_item::kind::thing, name, ""}); !noted) {
        co_return noted.error();
    }
    api_call create{"CreateThing", "iot", "POST", "/things/" + name, json::object{}};
    const auto created = co_await api_.call(std::move(create));
    if (!created) {
        co_return created.error();
    }
    auto arn = string_member(*created, "thingArn");
    if (!arn) {
        co_return error{errc::invalid_input, "CreateThing answered without thingArn"};
    }
    co_return std::move(*arn);
}

asio::awaitable<result<made_identity>> identity_maker::make_certificate(std::string name,
                                                                        std::string csr_pem) {
    made_identity made;
    if (csr_pem.empty()) {
        made.key_pem = pki::generate_rsa_key();
        auto csr = pki::make_csr(name, {}, made.key_pem);
        if (!csr) {
            co_return csr.error();
        }
        csr_pem = std::move(*csr);
    }
    api_call create{"CreateCertificateFromCsr", "iot", "POST", "/certificates?setAsActive=false",
                    json::object{{"certificateSigningRequest", csr_pem}}};
    const auto created = co_await api_.call(std::move(create));
    if (!created) {
        co_return created.error();
    }
    const auto id = string_member(*created, "certificateId");
    const auto arn = string_member(*created, "certificateArn");
    const auto pem = string_member(*created, "certificatePem");
    if (!id || !arn || !pem) {
        co_return error{errc::invalid_input,
                        "CreateCertificateFromCsr answered without certificateId, "
                        "certificateArn or certificatePem"};
    }
    made.certificate_arn = *arn;
    made.certificate_pem = *pem;
    if (auto noted = note({made_item::kind::certificate, *id, *arn}); !noted) {
        co_return noted.error();
    }
    co_return made;
}

asio::awaitable<result<void>> identity_maker::make_policy(std::string name, std::string document,
                                                          bool use_existing) {
    api_call create{"CreatePolicy", "iot", "POST", "/policies/" + name,
                    json::object{{"policyDocument", std::move(document)}}};
    const auto created = co_await api_.call(std::move(create));
    if (created) {
        co_return note({made_item::kind::policy, name, ""});
    }
    if (created.error().code != errc::conflict) {
        co_return created.error();
    }
    co_return use_existing ? result<void>() : result<void>(already_there("policy", name));
}

asio::awaitable<result<void>> identity_maker::attach_and_activate(std::string name,
                                                                  std::string policy,
                                                                  std::string certificate_arn) {
    api_call attach_policy{"AttachPolicy", "iot", "PUT", "/target-policies/" + policy,
                           json::object{{"target", certificate_arn}}};
    auto done = co_await api_.call(std::move(attach_policy));
    if (!done) {
        co_return done.error();
    }
    api_call attach_thing{"AttachThingPrincipal", "iot", "PUT", "/things/" + name + "/principals"};
    attach_thing.headers.emplace_back("x-amzn-principal", certificate_arn);
    done = co_await api_.call(std::move(attach_thing));
    if (!done) {
        co_return done.error();
    }
    const auto id = certificate_arn.substr(certificate_arn.find('/') + 1);
    api_call activate{"UpdateCertificate", "iot", "PUT",
                      "/certificates/" + id + "?newStatus=ACTIVE"};
    done = co_await api_.call(std::move(activate));
    co_return done ? result<void>() : result<void>(done.error());
}

}  // namespace evergrass::cli
