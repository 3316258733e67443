#pragma once

#include "cloud/upstream/endpoint.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// Which of the AWS APIs are somewhere else: at AWS itself, at MinIO, at another service of this
// kind. docs/formats/upstream.md.
namespace evergrass::cloud::upstream {

struct upstream_service {
    endpoint at;
    std::string region;             // that requests are signed for
    std::filesystem::path ca_file;  // PEM of who signed its certificate; empty: the system's CAs
};

struct settings {
    // An AWS credentials file, of which [default] is used; empty: the environment.
    std::filesystem::path credentials_file;
    // By the name that requests are signed with: lambda, s3, secretsmanager, logs, iam, sts.
    std::map<std::string, upstream_service, std::less<>> services;

    const upstream_service* find(std::string_view service) const;
};

// `region` is the service's own, where the settings name none. The error names the member:
// `services.s3.endpoint '…' is not …`.
result<settings> parse_settings(std::string_view text, std::string_view region);
result<settings> read_settings(const std::filesystem::path& file, std::string_view region);

}  // namespace evergrass::cloud::upstream
