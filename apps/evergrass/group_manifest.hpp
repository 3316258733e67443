#pragma once

#include "apps/evergrass/group_apply.hpp"
#include "apps/evergrass/group_secrets.hpp"
#include "contract/manifest.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace evergrass::cli {

// A deployment that is made without CreateDeployment: of a file, for a core.
struct file_deployment {
    contract::manifest manifest;
    std::map<std::string, std::string> artifacts;  // SHA-256 in hex: the package
};

struct deployment_frame {
    group_file::owner whose;
    std::string group_id;
    std::string group_version_arn;       // or empty
    std::vector<std::string> group_cas;  // PEM
    std::map<std::string, std::string>
        certificates;  // by thing: 64 hex digits, where not in the file
    wall_time now;
    // By the resource's id: the ARN of each secret that is named, and the models that the file does
    // not have.
    std::map<std::string, std::string> secret_arns = {};
    std::map<std::string, model_archive> models = {};
    // What the deployment brings, and for which certificate it is sealed (PEM). Those of the group
    // that are not here are in the core's own store.
    std::vector<edge::secret> secrets = {};
    std::string core_certificate = {};
};

// Every default is filled in as the service does it. The id is told by the content, so that the
// same file is the same deployment; with secrets it is another one each time, which the core takes
// for the same. The error names what cannot be deployed in this way (connectors, models that are
// not here, functions without code, devices without a certificate) and the next step.
result<file_deployment> make_deployment(const wanted_group& wanted, const deployment_frame& frame);

// A bundle's text (docs/formats/bundle.md).
std::string bundle_text(const file_deployment& made, const contract::signed_manifest& sealed);

// certificates/THING.cert.pem beside the file, where apply puts them: for each thing of the group
// whose certificate the file doesn't name.
result<std::map<std::string, std::string>> certificates_beside(const wanted_group& wanted);

}  // namespace evergrass::cli
