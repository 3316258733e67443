#include "cloud/secrets/operations.hpp"

#include <utility>

namespace evergrass::cloud {

void add_secrets_operations(operation_table& table, secrets::secret_registry& in) {
    using implementation = api_result (*)(secrets::secret_registry&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateSecret", secrets::create_secret},
        {"PutSecretValue", secrets::put_secret_value},
        {"GetSecretValue", secrets::get_secret_value},
        {"DescribeSecret", secrets::describe_secret},
        {"ListSecrets", secrets::list_secrets},
        {"UpdateSecret", secrets::update_secret},
        {"UpdateSecretVersionStage", secrets::update_secret_version_stage},
        {"ListSecretVersionIds", secrets::list_secret_version_ids},
        {"DeleteSecret", secrets::delete_secret},
        {"RestoreSecret", secrets::restore_secret},
        {"TagResource", secrets::tag_resource},
        {"UntagResource", secrets::untag_resource},
        {"GetRandomPassword", secrets::get_random_password},
    };
    for (const auto& [name, run] : operations) {
        table.add("secretsmanager", name, [&in, run = run](const call& from) {
            return in_transaction(in.state, [&] { return run(in, from); });
        });
    }
}

}  // namespace evergrass::cloud
