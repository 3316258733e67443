#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct secrets_options {
    std::filesystem::path root = "/greengrass";
    std::string arn;   // put, delete: or, to delete, the name
    std::string name;  // put: empty means the ARN's without its end
    // put: of the value; none: standard input, which is asked when it is a terminal
    std::optional<std::filesystem::path> file;
    bool binary = false;
    bool json = false;
};

// The core's own store of secrets, files of docs/formats/secrets.md, with or without a core that
// runs. Values are never shown. The exit status: 0 done, 1 there is no such secret, 2 it was not
// done.
int run_secrets_put(const secrets_options& options);
int run_secrets_list(const secrets_options& options);
int run_secrets_delete(const secrets_options& options);

}  // namespace evergrass::cli
