#include "edge/functions/runtimes.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace evergrass::edge::functions {
namespace {

namespace fs = std::filesystem;

class runtime_version : public testing::Test {
protected:
    runtime_version() {
        std::string pattern = (fs::temp_directory_path() / "versionXXXXXX").string();
        directory = ::mkdtemp(pattern.data());
    }
    ~runtime_version() override { fs::remove_all(directory); }

    // A program that notes each time it is run.
    fs::path program(const std::string& body) {
        const auto path = directory / "node";
        std::ofstream(path) << "#!/bin/sh\necho $1 >>" << (directory / "runs").string() << "\n"
                            << body << "\n";
        fs::permissions(path, fs::perms::owner_all);
        return path;
    }
    std::string runs() const {
        std::ifstream file(directory / "runs");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    fs::path directory;
};

TEST_F(runtime_version, a_program_is_asked_once_until_it_changes) {
    const auto version_of = remembering_prober();
    const auto path = program("echo v1.2.3; echo more");
    EXPECT_EQ(version_of(path), "v1.2.3");
    EXPECT_EQ(version_of(path), "v1.2.3");
    fs::create_symlink("node", directory / "nodejs");
    EXPECT_EQ(version_of(directory / "nodejs"), "v1.2.3");
    EXPECT_EQ(runs(), "--version\n");
    program("echo v1.2.30");
    EXPECT_EQ(version_of(path), "v1.2.30");
}

TEST_F(runtime_version, one_that_says_nothing_has_no_version) {
    const auto version_of = remembering_prober();
    EXPECT_EQ(version_of(program("exit 3")), "");
    EXPECT_EQ(version_of(program("echo v1 >&2")), "");
    EXPECT_EQ(version_of(directory / "missing"), "");
}

TEST_F(runtime_version, java_is_asked_as_version_8_understands_it) {
    const auto path = directory / "java";
    fs::create_symlink(program("echo not this; echo 'java version \"1.8.0_1\"' >&2"), path);
    EXPECT_EQ(remembering_prober()(path), "java version \"1.8.0_1\"");
    EXPECT_EQ(runs(), "-version\n");
}

TEST_F(runtime_version, one_that_does_not_end_is_ended) {
    EXPECT_EQ(remembering_prober()(program("echo v1.0.0; exec sleep 1000")), "v1.0.0");
}

}  // namespace
}  // namespace evergrass::edge::functions
