#pragma once

#include "apps/evergrass/adopt.hpp"
#include "apps/evergrass/api_client.hpp"
#include "apps/evergrass/takeover.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace evergrass::cli {

// What `adopt` asks of the service, one call after the other, waiting for each.
class adopting_service {
public:
    // By --endpoints, or by --service, --ca and the key in AWS_ACCESS_KEY_ID and
    // AWS_SECRET_ACCESS_KEY; the region is the core's. The error says what is missing.
    static result<std::unique_ptr<adopting_service>> make(const adopt_options& options,
                                                          const std::string& region);

    // Sends the packages, then the request. The service's answer: made, same, groupId.
    // errc::conflict when the service has something of it already that differs.
    // `tell` gets a sentence before each package, which may be large.
    result<json::object> import(v1::import_plan& plan,
                                const std::function<void(const std::string&)>& tell);
    // A shadow that the service hasn't; false: it has one, which stays.
    result<bool> put_shadow(const v1::old_shadow& shadow);
    // Is the value of a secret there, from an adoption before or its owner?
    result<bool> has_secret(const std::string& arn);
    // A model as the object that its resource names, in a bucket that is made for it; false: there
    // is an object, which stays.
    result<bool> put_model(const v1::model_source& model);
    // A new deployment of the group's newest version; its id.
    result<std::string> deploy(const std::string& group_id);
    struct deployment_state {
        std::string status;
        std::string error;
    };
    result<deployment_state> deployment(const std::string& group_id, const std::string& id);
    // Where a core finds it.
    result<service_place_of_core> place();
    result<json::object> call(api_call c);

    const std::string& ca_pem() const { return ca_pem_; }

private:
    adopting_service() = default;
    boost::asio::io_context io_{1};
    std::unique_ptr<api_client> api_;
    std::string ca_pem_;
};

}  // namespace evergrass::cli
