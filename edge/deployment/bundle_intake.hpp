#pragma once

#include "contract/manifest.hpp"
#include "edge/deployment/deployment_store.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <set>
#include <string>

namespace evergrass::edge {

// Reads a bundle (docs/formats/bundle.md) from a file into the store. `accept` is asked once,
// before anything of the artifacts is read: it checks the signature, and returns what is to be
// deployed. Artifacts that the manifest doesn't name are passed over, those that the store has
// already too; one with another content than its SHA-256 says is errc::corrupt. After an error what
// the store has of it are whole artifacts that nobody uses, which the next deployment removes.
// Blocks.
struct bundle_intake {
    contract::signed_manifest sealed;
    contract::manifest manifest;
};
result<bundle_intake> take_bundle(
    const std::filesystem::path& file, const deployment_store& store,
    const std::function<result<bundle_intake>(contract::signed_manifest)>& accept);

// What it needs of the store: the SHA-256 of each package, model and file of secrets.
std::set<std::string, std::less<>> artifacts_of(const contract::manifest& m);

// The signed manifest alone; whether the rest is whole is not looked at. Blocks.
result<contract::signed_manifest> read_bundle_head(const std::filesystem::path& file);

}  // namespace evergrass::edge
