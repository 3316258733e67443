#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

// With its versions. Its claims end with it.
api_result delete_provisioning_template(registry& in, const call& from) {
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_provisioning_template(in, required_text(from, "templateName"));
        if (!found) {
            return found.error();
        }
        static constexpr std::pair<std::string_view, std::string_view> statements[] = {
            {"iot.delete_template_versions",
             "DELETE FROM provisioning_template_versions WHERE template = ?1"},
            {"iot.delete_claims", "DELETE FROM provisioning_claims WHERE template = ?1"},
            {"iot.delete_provisioning_template",
             "DELETE FROM provisioning_templates WHERE name = ?1"}};
        for (const auto& [name, sql] : statements) {
            if (auto failed = write(in, name, sql, {found->name})) {
                return *failed;
            }
        }
        if (auto failed = write(in, "iot.delete_template_tags", "DELETE FROM tags WHERE arn = ?1",
                                {provisioning_template_arn(in, found->name)})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
