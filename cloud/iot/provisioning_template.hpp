#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Provisioning templates, as the AWS IoT developer guide describes them ("Provisioning templates"):
// Parameters, Mappings, Resources and DeviceConfiguration, with Ref and the functions Fn::Join,
// Fn::Select, Fn::Split, Fn::Sub and Fn::FindInMap. Pure; any thread.
namespace evergrass::cloud::iot {

// The name under which a template refers to the certificate of who provisions itself.
inline constexpr std::string_view certificate_id_parameter = "AWS::IoT::Certificate::Id";

// What to do with a property of a thing or certificate that is there and differs.
enum class override_rule { fail, do_nothing, replace, merge };

struct planned_thing {
    std::string logical_name;
    std::string name;
    std::optional<std::string> type;
    json::object attributes;
    std::vector<std::string> groups;
    override_rule on_attributes = override_rule::fail;
    override_rule on_type = override_rule::fail;
    override_rule on_groups = override_rule::fail;
};

// One of id, csr_pem and certificate_pem is there.
struct planned_certificate {
    std::string logical_name;
    std::optional<std::string> id;
    std::optional<std::string> csr_pem;
    std::optional<std::string> certificate_pem;
    std::string status = "ACTIVE";  // or INACTIVE
};

// One of both is there.
struct planned_policy {
    std::string logical_name;
    std::optional<std::string> name;
    std::optional<std::string> document;
};

struct provisioning_plan {
    std::optional<planned_thing> thing;
    std::optional<planned_certificate> certificate;
    std::vector<planned_policy> policies;
    json::object device_configuration;  // texts, as the functions left them
};

// Of JSON text. The error names the section or resource and what is wrong with it.
result<json::object> parse_provisioning_template(std::string_view body);

// What a template of fleet provisioning has to have besides: the certificate, by its CertificateId.
result<void> check_fleet_template(const json::object& body);

// What the template asks for with these parameters. A value of `ours` wins over one of the same
// name in `given`, and a name in `given` that begins with "AWS::" is refused, so that a device
// can't name another one's certificate. Errors name the parameter or function.
result<provisioning_plan> plan_provisioning(const json::object& body, const json::object& given,
                                            const std::map<std::string, std::string>& ours);

}  // namespace evergrass::cloud::iot
