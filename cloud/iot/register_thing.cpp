#include "cloud/iot/operations.hpp"
#include "cloud/iot/provision_thing.hpp"

namespace evergrass::cloud::iot {

// All of the template is made, or nothing.
api_result register_thing(registry& in, const call& from) {
    const auto body = parse_provisioning_template(required_text(from, "templateBody"));
    if (!body) {
        return invalid_request("Invalid templateBody: " + body.error().context + ".");
    }
    const auto* parameters = object_member(from.input, "parameters");
    const auto plan =
        plan_provisioning(*body, parameters == nullptr ? json::object() : *parameters, {});
    if (!plan) {
        return invalid_request(plan.error().context + ".");
    }
    std::string certificate;
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto made = carry_out(in, *plan);
        if (!made) {
            return made.error();
        }
        certificate = made->certificate_id;
        json::object said = {{"resourceArns", made->resource_arns}};
        if (!made->certificate_pem.empty()) {
            said["certificatePem"] = made->certificate_pem;
        }
        return reply{std::move(said)};
    });
    if (done && !certificate.empty()) {
        in.changes.certificate_changed(certificate);  // it may be ACTIVE now, and the thing's
    } else {
        in.changes.changed();
    }
    in.changes.things_changed();
    return done;
}

}  // namespace evergrass::cloud::iot
