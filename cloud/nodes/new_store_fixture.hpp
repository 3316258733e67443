#pragma once

#include "cloud/store/store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>

namespace evergrass::cloud {

// For tests: a store of its own in a folder of its own, which goes with the test.
class new_store_fixture : public testing::Test {
protected:
    new_store_fixture() {
        std::string pattern = (std::filesystem::temp_directory_path() / "nodes-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        state_ = *store::open((folder_ / "service.db").string());
    }
    ~new_store_fixture() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }

    std::filesystem::path folder_;
    std::unique_ptr<store> state_;
};

}  // namespace evergrass::cloud
