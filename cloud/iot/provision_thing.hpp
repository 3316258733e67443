#pragma once

#include "cloud/iot/provisioning_template.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

struct provisioned {
    std::string thing_name;  // empty: the template has no thing
    std::string certificate_pem;
    std::string certificate_id;  // empty: the template has no certificate
    json::object resource_arns;  // by the template's logical names
};

// Makes what a plan asks for: thing, certificate, policies, and what attaches them. The caller is
// in a transaction, and tells the registry's readers after it. ResourceRegistrationFailureException
// says what stood in the way.
answer<provisioned> carry_out(registry& in, const provisioning_plan& plan);

}  // namespace evergrass::cloud::iot
