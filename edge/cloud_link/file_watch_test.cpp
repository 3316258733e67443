#include "edge/cloud_link/file_watch.hpp"

#include "libs/base/file.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace evergrass::edge {
namespace {

TEST(file_watch, tells_each_change_once) {
    const auto directory =
        std::filesystem::temp_directory_path() / ("file_watch_" + std::to_string(::getpid()));
    make_directories(directory).value();
    const auto file = directory / "cert.pem";
    write_file_atomically(file, "one").value();
    file_watch watch({file, directory / "missing"});
    EXPECT_FALSE(watch.changed());
    write_file_atomically(file, "two").value();  // of the same size
    EXPECT_TRUE(watch.changed());
    EXPECT_FALSE(watch.changed());
    std::filesystem::remove(file);
    EXPECT_TRUE(watch.changed());
    EXPECT_FALSE(watch.changed());
    write_file_atomically(directory / "missing", "x").value();
    EXPECT_TRUE(watch.changed());
    std::filesystem::remove_all(directory);
    EXPECT_TRUE(watch.changed());
}

}  // namespace
}  // namespace evergrass::edge
