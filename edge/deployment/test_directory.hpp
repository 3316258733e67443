#pragma once

#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"

#include <filesystem>

namespace evergrass::edge {

// A new directory that is removed with the object.
class test_directory {
public:
    test_directory()
        : path_(std::filesystem::temp_directory_path() /
                ("evergrass-" + hex_encode(random_bytes(6)))) {
        make_directories(path_).value();
    }
    ~test_directory() { std::filesystem::remove_all(path_); }
    test_directory(const test_directory&) = delete;
    test_directory& operator=(const test_directory&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace evergrass::edge
