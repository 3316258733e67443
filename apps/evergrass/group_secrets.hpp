#pragma once

#include "edge/secrets/secret.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/base/time.hpp"
#include "libs/group_file/group.hpp"
#include "libs/group_file/value_source.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::cli {

// A secret resource of a group file.
struct file_secret {
    std::string id;    // of the resource
    std::string arn;   // or
    std::string name;  // one of them is empty
    std::optional<group_file::value_source> value;
    bool binary = false;
    std::vector<std::string> labels;

    const std::string& name_or_arn() const { return arn.empty() ? name : arn; }
};
// REQUIRES: a group that read_group() gave.
std::vector<file_secret> secrets_of(const json::object& group);

// The value, from where the file says that it is; paths are taken from `base`, the group file's
// folder. A file must be 0600 or less, of root or of who runs this; its bytes are the value, a line
// break at the end too. `prompt` needs a terminal. At most 65536 bytes, UTF-8 unless it is binary.
// The error names the resource, never a value; errc::not_found: the variable is not set, or there
// is no such file. REQUIRES: of.value.
result<secret_text> read_value(const file_secret& of, const std::filesystem::path& base);

// One version, AWSCURRENT.
edge::secret as_secret(const file_secret& of, std::string arn, secret_text value, wall_time now);

// "arn:…:secret:NAME-AbCdEf": "NAME". Empty where it is no secret's.
std::string name_in_arn(const std::string& arn);

// What a secret by its name is called where no service made it: the same name gives the same ARN.
std::string arn_of_name(const group_file::owner& whose, const std::string& name);

// As a deployment brings them (docs/formats/deployment-manifest.md, `files`): for the holder of
// this certificate's key alone. Another text each time.
result<std::string> seal_secrets(const std::vector<edge::secret>& all,
                                 const std::string& certificate_pem);

}  // namespace evergrass::cli
