#pragma once

#include "libs/v1_core/findings.hpp"
#include "libs/v1_core/group_file.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Models of machine learning that a core has unpacked, and the resources that they were for
// (spec/on-disk.md §6): where the folders are is published, by what they are named is not.
namespace evergrass::v1 {

// By the folder's name, below mlmodel and mlmodel_public of the deployment; empty folders too.
using model_folders = std::map<std::string, std::filesystem::path>;

model_folders find_model_folders(const std::filesystem::path& deployment);

bool is_model(const group_resource& resource);

// The folder of a resource, in this order: named by its Id; named anywhere in its data; the only
// folder for the only resource of a model. Each is a guess and told as one. nullopt: none of them.
std::optional<std::filesystem::path> folder_of_model(const group_resource& resource,
                                                     const std::vector<group_resource>& all,
                                                     const model_folders& folders, findings& found);

}  // namespace evergrass::v1
