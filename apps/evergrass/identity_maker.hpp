#pragma once

#include "apps/evergrass/api_client.hpp"
#include "apps/evergrass/identity_record.hpp"
#include "apps/evergrass/progress.hpp"
#include "apps/evergrass/service_info.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace evergrass::cli {

// A thing with its certificate as it is to be.
struct identity_wish {
    std::string name;     // of the thing; its policy is NAME-policy
    std::string csr_pem;  // empty: a key is made here
    // The policy's document, of the thing's ARN, which says region and account.
    std::function<std::string(const std::string& thing_arn)> policy;
    bool use_existing = false;  // take a thing or policy of that name that is there already
};

struct made_identity {
    std::string thing_arn;
    std::string certificate_arn;
    std::string certificate_pem;
    std::string key_pem;  // empty with a CSR: the key never left the device
};

// Makes a thing, a certificate and a policy through the public AWS APIs. The key is made here and
// only its CSR is sent. What it makes goes into the record, which is saved before the next step; a
// certificate is INACTIVE until then, so that one of which nobody knows admits nobody.
class identity_maker {
public:
    identity_maker(api_client& api, identity_record& record, std::filesystem::path record_file,
                   progress& shown);

    boost::asio::awaitable<result<made_identity>> make(identity_wish wanted);

    // Notes that this was made, or is about to be, where it can be unmade by what is known before.
    result<void> note(made_item item);
    result<void> save() const { return save_identity_record(record_file_, record_); }

private:
    boost::asio::awaitable<result<std::string>> make_thing(std::string name, bool use_existing);
    boost::asio::awaitable<result<made_identity>> make_certificate(std::string name,
                                                                   std::string csr_pem);
    boost::asio::awaitable<result<void>> make_policy(std::string name, std::string document,
                                                     bool use_existing);
    boost::asio::awaitable<result<void>> attach_and_activate(std::string name, std::string policy,
                                                             std::string certificate_arn);

    api_client& api_;
    identity_record& record_;
    std::filesystem::path record_file_;
    progress& progress_;
};

// Where devices and cores of this service go.
struct device_endpoints {
    host_port mqtt;
    host_port https;  // discovery, deployments
};
boost::asio::awaitable<result<device_endpoints>> ask_endpoints(api_client& api);

}  // namespace evergrass::cli
