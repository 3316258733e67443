#pragma once

#include "contract/manifest.hpp"
#include "edge/deployment/target.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// What the core still has to tell the service about a deployment.
struct status_report {
    std::string deployment_id;
    std::string status;  // InProgress, Success, Failure
    std::string error_message;
    std::vector<part_failure> details;
};

// How far the core has come with the service.
struct deployment_progress {
    std::string last_deployment_id;       // the last that came to an end here, well or not
    std::optional<status_report> report;  // not delivered yet
};

// The files of docs/formats/deployment-store.md, below `ggc` (<root>/ggc or writeDirectory). Each
// is replaced in one step and fsynced, so a power cut leaves the old or the new one. One thread at
// a time.
class deployment_store {
public:
    explicit deployment_store(std::filesystem::path ggc);

    // The deployment to run, as it was signed; nullopt before the first one. A damaged file is an
    // error that says so: it is never taken for "nothing deployed".
    result<std::optional<contract::signed_manifest>> current() const;
    result<std::optional<contract::signed_manifest>> previous() const;

    // THE switch: `next` becomes current, and what was current becomes previous. Again with the
    // same `next`, as after a power cut between the switch and the report: nothing changes.
    result<void> switch_to(const contract::signed_manifest& next);
    // Undoes the last switch_to: previous becomes current, or nothing is current. What was previous
    // before that switch is so again.
    result<void> switch_back();
    // After a reset: nothing is deployed. Code, user logs and the server certificate go too, as
    // V1's reset removed them (spec/core.md §14); config.json and the core's own certificate stay.
    result<void> forget();

    // A damaged file counts as no progress: the service then sends its newest deployment again.
    deployment_progress load_progress() const;
    result<void> save_progress(const deployment_progress& progress);

    std::filesystem::path artifact_path(std::string_view sha256) const;
    // True when the whole package is there and its content has this hash; a wrong one is removed.
    bool has_artifact(std::string_view sha256) const;

    // <ggc>/deployment/lambda/<version ARN>, where V1 had it.
    std::filesystem::path function_directory(const contract::function& f) const;
    // <ggc>/deployment/mlmodel/<SHA-256>: a model, unpacked.
    std::filesystem::path model_directory(const contract::delivered_file& model) const;
    // Unpacks what is missing, models too. A package that can't be unpacked leaves the code that
    // was there. REQUIRES: has_artifact for each function that has one.
    result<void> place_code(const contract::manifest& m);
    // Removes code, packages and halves of them that neither of these deployments uses; null: none.
    void remove_unused(const contract::manifest* current_manifest,
                       const contract::manifest* previous_manifest);

    // group.json is output only: tools of V1 times read it. True in `edited` when it was changed by
    // hand since it was written last.
    struct group_file_outcome {
        bool edited = false;
    };
    result<group_file_outcome> write_group_file(const contract::manifest* m);

    const std::filesystem::path& ggc() const { return ggc_; }

private:
    result<void> keep_way_back();
    result<void> place_models(const contract::manifest& m);
    result<std::optional<contract::signed_manifest>> load(const char* name) const;

    std::filesystem::path ggc_;
    std::filesystem::path state_;
};

}  // namespace evergrass::edge
